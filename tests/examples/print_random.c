/* SPDX-License-Identifier: MIT */
/* What random_as_python.py compares with CPython. Usage: print_random SEED N */
#include "../../examples/support/random.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    char text[16];
    if (argc != 3)
        return 2;
    random_seed(strtoul(argv[1], NULL, 10));
    for (int i = atoi(argv[2]); i > 0; i--) {
        random_choices(text, "abcdefghijklmnopqrstuvwxyz", 15);
        printf("%d ", random_randint(0, 10)); /* one by one: in this order */
        printf("%d ", random_randint(2, 5));
        printf("%d ", random_randint(-1000, 1000000));
        printf("%.17g %s\n", random_random(), text);
    }
    return 0;
}
