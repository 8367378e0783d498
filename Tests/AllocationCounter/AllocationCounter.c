#define _GNU_SOURCE
#include "AllocationCounter.h"

#include <dlfcn.h>
#include <features.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_bool is_counting;
static atomic_uint_fast64_t count_of_all;
static __thread uint64_t count_of_thread;

void allocation_counter_start(void) {
    atomic_store(&count_of_all, 0);
    atomic_store(&is_counting, true);
}

uint64_t allocation_counter_stop(void) {
    atomic_store(&is_counting, false);
    return atomic_load(&count_of_all);
}

uint64_t allocation_counter_count(void) {
    return atomic_load(&count_of_all);
}

uint64_t allocation_counter_thread_count(void) {
    return count_of_thread;
}

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) \
    || __has_feature(memory_sanitizer) || !defined(__GLIBC__)

bool allocation_counter_is_available(void) {
    return false;
}

#else

bool allocation_counter_is_available(void) {
    return true;
}

// The definition after ours: the C library's, or that of a sanitizer loaded before it.
static void *next(const char *name, void *_Atomic *known) {
    void *function = atomic_load_explicit(known, memory_order_relaxed);
    if (function == NULL) {
        function = dlsym(RTLD_NEXT, name);
        atomic_store_explicit(known, function, memory_order_relaxed);
    }
    return function;
}

static void note(void) {
    count_of_thread += 1;
    if (atomic_load_explicit(&is_counting, memory_order_relaxed)) {
        atomic_fetch_add_explicit(&count_of_all, 1, memory_order_relaxed);
    }
}

void *malloc(size_t size) {
    static void *_Atomic known;
    note();
    return ((void *(*)(size_t))next("malloc", &known))(size);
}

void *calloc(size_t count, size_t size) {
    static void *_Atomic known;
    note();
    return ((void *(*)(size_t, size_t))next("calloc", &known))(count, size);
}

void *realloc(void *pointer, size_t size) {
    static void *_Atomic known;
    note();
    return ((void *(*)(void *, size_t))next("realloc", &known))(pointer, size);
}

void *memalign(size_t alignment, size_t size) {
    static void *_Atomic known;
    note();
    return ((void *(*)(size_t, size_t))next("memalign", &known))(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    static void *_Atomic known;
    note();
    return ((void *(*)(size_t, size_t))next("aligned_alloc", &known))(alignment, size);
}

int posix_memalign(void **pointer, size_t alignment, size_t size) {
    static void *_Atomic known;
    note();
    return ((int (*)(void **, size_t, size_t))next("posix_memalign", &known))(
        pointer, alignment, size);
}

#endif
