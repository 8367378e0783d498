#ifndef COPENBLAS_H
#define COPENBLAS_H

#if __has_include(<cblas.h>)
#include <cblas.h>
#else
#error "OpenBLAS's headers are missing: apt install libopenblas-dev"
#endif

#endif
