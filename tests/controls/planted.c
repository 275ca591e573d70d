/* SPDX-License-Identifier: MIT */
/* Negative controls: bugs planted on purpose, one for each kind of report that the
 * sanitized trees and valgrind promise. CTest passes only if the report comes. */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void overflow(void)
{
    volatile char *bytes = malloc(8);
    bytes[8] = 1;
    free((void *)bytes);
}

static void use_after_free(void)
{
    volatile char *bytes = malloc(8);
    free((void *)bytes);
    bytes[0] = 1;
}

static void *volatile lost;

static void leak(void)
{
    lost = malloc(100);
    lost = NULL;
}

static void undefined(void)
{
    volatile int n = INT_MAX;
    n = n + 1;
}

static int raced;

static void *racer(void *arg)
{
    for (int i = 0; i < 1000; i++)
        raced++;
    return arg;
}

static void race(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, racer, NULL) != 0)
        return;
    racer(NULL);
    pthread_join(thread, NULL);
}

static void uninitialised(void)
{
    char *bytes = malloc(8);
    if (((volatile char *)bytes)[3])
        puts("set");
    free(bytes);
}

static const struct {
    const char *name;
    void (*plant)(void);
} bugs[] = {
    {"overflow", overflow}, {"use_after_free", use_after_free},
    {"leak", leak},         {"undefined", undefined},
    {"race", race},         {"uninitialised", uninitialised},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof bugs / sizeof bugs[0]; i++)
        if (strcmp(argv[1], bugs[i].name) == 0)
            bugs[i].plant();
    return 0;
}
