/* SPDX-License-Identifier: MIT */
#include "support/harness.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"

struct seen {
    simul_log_level level;
    char text[2048];
    int n;
};

static void keep(simul_log_level level, const char *message, void *arg)
{
    struct seen *seen = arg;
    seen->level = level;
    snprintf(seen->text, sizeof seen->text, "%s", message);
    seen->n++;
}

TEST(messages_go_to_the_sink_that_was_set)
{
    struct seen seen = {0};
    simul_set_log(keep, &seen);

    sm_log(SIMUL_LOG_WARNING, "%d tasks left", 3);

    ck_assert_int_eq(seen.n, 1);
    ck_assert_int_eq(seen.level, SIMUL_LOG_WARNING);
    ck_assert_str_eq(seen.text, "3 tasks left");
}

TEST(messages_of_any_length_arrive_whole)
{
    struct seen seen = {0};
    char text[1500];
    memset(text, 'x', sizeof text);
    simul_set_log(keep, &seen);

    for (int n = 0; n < (int)sizeof text; n++) {
        sm_log(SIMUL_LOG_INFO, "%.*s", n, text);
        ck_assert_int_eq((int)strlen(seen.text), n);
    }
}

TEST(logging_leaves_errno_alone)
{
    struct seen seen = {0};
    simul_set_log(keep, &seen);
    errno = ERANGE;
    sm_log(SIMUL_LOG_ERROR, "text");
    ck_assert_int_eq(errno, ERANGE);
}

TEST(without_a_sink_each_message_is_a_line_on_standard_error)
{
    char text[100] = "";
    int ends[2], saved = dup(STDERR_FILENO);
    ck_assert_int_eq(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);

    simul_set_log(NULL, NULL);
    sm_log(SIMUL_LOG_ERROR, "no %s", "luck");

    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    ck_assert_int_gt(read(ends[0], text, sizeof text - 1), 0);
    ck_assert_str_eq(text, "simul: error: no luck\n");
    close(ends[0]);
}

HARNESS_MAIN("log")
