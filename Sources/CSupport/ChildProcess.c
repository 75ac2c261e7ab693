#define _GNU_SOURCE
#include "CSupport.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/// The pipes in the order of the child's descriptors: [number][0] is read from, [number][1] written to.
typedef int pipes[3][2];

/// Closes the program's ends, or ours.
static void close_ends(pipes all, int are_ours) {
    for (int number = 0; number < 3; number++) {
        int end = all[number][(number == 0) == (are_ours != 0)];
        if (end >= 0) close(end);
    }
}

static int make_pipes(pipes all) {
    for (int number = 0; number < 3; number++) {
        if (pipe2(all[number], O_CLOEXEC) < 0) return errno;
        // Ours only: the program's end is another open file, and blocks as programs expect.
        if (fcntl(all[number][number == 0], F_SETFL, O_NONBLOCK) < 0) return errno;
    }
    return 0;
}

/// What posix_spawn is to do in the child; it reports a program that cannot be executed as its own failure.
static int spawn(char *const arguments[], pipes all, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, every;
    sigemptyset(&none);
    sigfillset(&every);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int code = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                                         POSIX_SPAWN_SETSIGMASK);
    if (!code) code = posix_spawnattr_setpgroup(&attributes, 0);
    // An ignored SIGPIPE is inherited (execve(2)); a pipeline that waits for it would go on for ever.
    if (!code) code = posix_spawnattr_setsigdefault(&attributes, &every);
    if (!code) code = posix_spawnattr_setsigmask(&attributes, &none);
    for (int number = 0; number < 3 && !code; number++) {
        code = posix_spawn_file_actions_adddup2(&actions, all[number][number != 0], number);
    }
    // All of ours are close-on-exec; what a library has opened may not be.
    if (!code) code = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    if (!code) code = posix_spawnp(pid, arguments[0], &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

int csupport_start_program(char *const arguments[], struct csupport_program *program) {
    pipes all = {{-1, -1}, {-1, -1}, {-1, -1}};
    pid_t pid = 0;
    int code = make_pipes(all);
    if (!code) code = spawn(arguments, all, &pid);
    close_ends(all, 0);
    int handle = -1;
    if (!code) {
        // The number is still its own: it is not reaped.
        handle = (int)syscall(SYS_pidfd_open, pid, 0);
        if (handle < 0) {
            code = errno;
            kill(-pid, SIGKILL);
            while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
        }
    }
    if (code) {
        close_ends(all, 1);
        errno = code;
        return -1;
    }
    *program = (struct csupport_program){pid, handle, all[0][1], all[1][0], all[2][0]};
    return 0;
}
