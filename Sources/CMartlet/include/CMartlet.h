#ifndef MARTLET_CMARTLET_H
#define MARTLET_CMARTLET_H

// What the thread pool needs and Swift cannot say: one instruction (pause), one control register
// (denormals), and Linux calls that Swift's Glibc module leaves out because they are variadic
// (futex) or hidden behind _GNU_SOURCE (affinity, thread names).

#include <stdint.h>

/// Tells the core that this thread is in a spin loop.
static inline void martlet_spin_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

/// This thread's floating-point control register (MXCSR on x86, FPCR on ARM).
uint64_t martlet_float_control(void);
void martlet_set_float_control(uint64_t control);
/// Round to nearest, exceptions masked, denormal operands and results taken as zero.
uint64_t martlet_float_control_flushing_denormals(void);

/// Sleeps while the word equals `expected`; returns on a wake, a signal, or at once if it differs.
void martlet_futex_wait(const void *word, uint32_t expected);
/// Wakes at most `count` threads of this process that sleep on the word.
void martlet_futex_wake(const void *word, int count);

/// CPUs that this process may run on; 0 if the system does not tell.
int martlet_allowed_cpu_count(void);
/// Names the calling thread (at most 15 bytes) for debuggers and profilers.
void martlet_set_thread_name(const char *name);

/// Lets two paths change places in one step; 0, or -1 with errno.
int martlet_exchange_paths(const char *first, const char *second);

#endif
