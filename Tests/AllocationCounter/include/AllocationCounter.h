#ifndef MARTLET_ALLOCATION_COUNTER_H
#define MARTLET_ALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

// Counts heap allocations (malloc, calloc, realloc, posix_memalign, aligned_alloc, memalign) by
// defining those functions in the test executable, where they take precedence over the C library's
// for every library loaded, Swift's runtime included. The bytes still come from the definitions
// behind them: those of the C library, or of a sanitizer that is loaded before the program.
//
// Other tests running at the same time allocate too: count inside an exit test, which has a
// process to itself, or count the calling thread only.

/// False where the functions cannot be replaced (another C library, a sanitizer): then nothing is
/// counted, and a test that needs the count must say so.
bool allocation_counter_is_available(void);

/// Sets the counts to zero and begins to count.
void allocation_counter_start(void);
/// Ends counting; returns the allocations by all threads since the start.
uint64_t allocation_counter_stop(void);
/// Allocations by all threads so far.
uint64_t allocation_counter_count(void);
/// Allocations by the calling thread since it began, counted whether started or not.
uint64_t allocation_counter_thread_count(void);

#endif
