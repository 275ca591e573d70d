/* SPDX-License-Identifier: MIT */
/* usage: http_transcripts FILE...
 * Print for each file how many bytes our parser understood, and its transcript in
 * hexadecimal, in one line: for fuzz/http_node.js to compare. */
#include <stdio.h>
#include <stdlib.h>

#include "http_transcript.h"

static void print_transcript(const char *data, size_t size)
{
    struct transcript t = {.text = NULL};
    printf("%zu ", transcript_ours(&t, data, size));
    for (size_t i = 0; i < t.len; i++)
        printf("%02x", (unsigned char)t.text[i]);
    putchar('\n');
    transcript_free(&t);
}

int main(int argc, char **argv)
{
    static char data[1 << 20];
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) {
            perror(argv[i]);
            return EXIT_FAILURE;
        }
        print_transcript(data, fread(data, 1, sizeof data, file));
        fclose(file);
    }
    return EXIT_SUCCESS;
}
