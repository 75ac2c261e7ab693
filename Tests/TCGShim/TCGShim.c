/*
 * What QEMU's COLO needs without KVM; the tests' pairs load it with LD_PRELOAD.
 *
 * The thread that makes a checkpoint calls qemu_savevm_live_state() without the big lock (migration/colo.c,
 * colo_do_checkpoint_transaction()). With TCG that ends in run_on_cpu() (softmmu/physmem.c,
 * tcg_log_global_after_sync()), which waits for the CPU's thread with pthread_cond_wait() on a mutex that the caller
 * does not own: it comes back owning it, nobody unlocks it, and QEMU stands still for ever. Here a caller that does not
 * own the mutex has it for the wait only.
 *
 * Without the lock the CPU's thread may also miss that it was woken, between its last look and its sleep. So no wait is
 * longer than a moment: POSIX lets pthread_cond_wait() return for no reason, and all callers look again.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* How long a wait takes at most, in nanoseconds: too short to be seen in a checkpoint, too long to cost anything. */
enum { WAIT_MAX = 20 * 1000 * 1000, SECOND = 1000 * 1000 * 1000 };

typedef int timed_wait(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

/* Not &pthread_cond_timedwait: of its two versions in glibc dlsym(3) may find the older one. */
static timed_wait *timed;

__attribute__((constructor)) static void find_timed_wait(void)
{
    timed = (timed_wait *)dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!timed)
        timed = (timed_wait *)dlsym(RTLD_NEXT, "pthread_cond_timedwait");
}

/* Whether this thread owns a mutex; glibc notes in it who does. */
static int owns(const pthread_mutex_t *mutex)
{
    static __thread pid_t thread;
    if (!thread)
        thread = (pid_t)syscall(SYS_gettid);
    return mutex->__data.__owner == thread;
}

int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    int is_owned = owns(mutex);
    struct timespec end;

    if (!is_owned)
        pthread_mutex_lock(mutex);
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_nsec += WAIT_MAX;
    if (end.tv_nsec >= SECOND) {
        end.tv_nsec -= SECOND;
        end.tv_sec++;
    }
    timed(condition, mutex, &end);
    if (!is_owned)
        pthread_mutex_unlock(mutex);
    return 0;
}
