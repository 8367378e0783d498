#define _GNU_SOURCE
#include "CMartlet.h"

#if defined(__x86_64__) || defined(__i386__)

uint64_t martlet_float_control(void) {
    return __builtin_ia32_stmxcsr();
}

void martlet_set_float_control(uint64_t control) {
    __builtin_ia32_ldmxcsr((unsigned)control);
}

uint64_t martlet_float_control_flushing_denormals(void) {
    return 0x1F80u | 1u << 15 | 1u << 6; // all masked, nearest; flush to zero; denormals are zero
}

#elif defined(__aarch64__)

uint64_t martlet_float_control(void) {
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    return control;
}

void martlet_set_float_control(uint64_t control) {
    __asm__ volatile("msr fpcr, %0" : : "r"(control));
}

uint64_t martlet_float_control_flushing_denormals(void) {
    return 1u << 24; // FZ
}

#else

uint64_t martlet_float_control(void) { return 0; }
void martlet_set_float_control(uint64_t control) { (void)control; }
uint64_t martlet_float_control_flushing_denormals(void) { return 0; }

#endif

#if defined(__linux__)

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <fcntl.h>
#include <stdio.h>

void martlet_futex_wait(const void *word, uint32_t expected) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

void martlet_futex_wake(const void *word, int count) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

int martlet_allowed_cpu_count(void) {
    // The kernel refuses a set smaller than its own, so grow it.
    for (int capacity = 1024; capacity <= 1 << 18; capacity *= 4) {
        cpu_set_t *set = CPU_ALLOC(capacity);
        if (set == NULL) {
            return 0;
        }
        size_t size = CPU_ALLOC_SIZE(capacity);
        int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : -1;
        int failure = errno;
        CPU_FREE(set);
        if (count >= 0) {
            return count;
        }
        if (failure != EINVAL) {
            return 0;
        }
    }
    return 0;
}

void martlet_set_thread_name(const char *name) {
    pthread_setname_np(pthread_self(), name);
}

#else
#error "Martlet's thread pool is written for Linux."
#endif

int martlet_exchange_paths(const char *first, const char *second) {
    return renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE);
}
