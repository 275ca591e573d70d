/* SPDX-License-Identifier: MIT */
/* What dies does so in a child of the test, whose standard error and end are looked at. */
#ifndef SM_TESTS_CHILD_H
#define SM_TESTS_CHILD_H

#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/harness.h"

struct end {
    int status;      /* as of waitpid */
    char said[4096]; /* on standard error */
};

static void read_all(int fd, char *text, size_t size)
{
    size_t length = 0;
    for (ssize_t n; (n = read(fd, text + length, size - 1 - length)) > 0;)
        length += (size_t)n;
    text[length] = '\0';
}

static struct end in_a_child(void (*body)(void))
{
    struct end end;
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        body();
        _exit(0);
    }
    close(ends[1]);
    read_all(ends[0], end.said, sizeof end.said);
    close(ends[0]);
    ck_assert_int_eq(waitpid(pid, &end.status, 0), pid);
    return end;
}

static bool said(const struct end *end, const char *words)
{
    return strstr(end->said, words) != NULL;
}

#endif
