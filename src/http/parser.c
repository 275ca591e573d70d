/* SPDX-License-Identifier: MIT */
/*
 * The driver of the head parsers (the contract is in parser.h): cuts the head into lines,
 * gives the first to the parser of requests or of responses, and parses fields itself.
 *
 * Everything waits for the end of its line (H2). That makes the inner loops simple: the
 * LF behind a line belongs to no class of characters, so that they need no bounds.
 */
#include "http/parser_impl.h"

#include "base/assert.h"

#define EMPTY_LINES_MAX 2

enum phase { FIRST_LINE, FIELDS, COMPLETE };

int sm_http_refuse(struct sm_http_head *head, enum sm_http_refusal why)
{
    head->refusal = why;
    return -SIMUL_EHTTP;
}

void sm_http_head_init(struct sm_http_head *head, struct sm_http_header *headers,
                       const struct sm_http_limits *limits)
{
    sm_assert(limits->head_max > 0 && limits->body_max <= INT64_MAX);
    *head = (struct sm_http_head){.headers = headers, ._limits = *limits};
}

/* ---- a buffer that moves (H3) ---- */

static void move_slice(struct sm_http_slice *slice, const char *from, const char *to)
{
    /* by numbers: the old buffer may be gone, and no pointer into it has a meaning */
    if (slice->ptr)
        slice->ptr = to + ((uintptr_t)slice->ptr - (uintptr_t)from);
}

static void move_buffer(struct sm_http_head *head, const char *to)
{
    const char *from = head->_base;
    head->_base = to;
    if (!from || from == to)
        return;
    move_slice(&head->method, from, to);
    move_slice(&head->target, from, to);
    move_slice(&head->authority, from, to);
    move_slice(&head->path, from, to);
    move_slice(&head->reason, from, to);
    for (unsigned i = 0; i < head->headers_count; i++) {
        move_slice(&head->headers[i].name, from, to);
        move_slice(&head->headers[i].value, from, to);
    }
}

/* ---- lines ---- */

/* The end of a line is not within the limit. */
static int too_long(struct sm_http_head *head)
{
    return sm_http_refuse(head, head->_phase == FIRST_LINE ? SM_HTTP_BAD_TARGET_LENGTH
                                                           : SM_HTTP_BAD_HEAD_LENGTH);
}

/* No HTTP at all (a TLS handshake, say): its sender need not wait for a time-out. */
static bool is_alien(const struct sm_http_head *head, const char *start)
{
    return head->_phase == FIRST_LINE && *start != '\r' && *start != '\n'
           && !sm_http_is(*start, SM_HTTP_TOKEN);
}

static int no_line_yet(struct sm_http_head *head, size_t len)
{
    head->_searched = len;
    return len == head->_limits.head_max ? too_long(head) : SM_HTTP_MORE;
}

/* The next line, without its end: 1, SM_HTTP_MORE, or refused. */
static int next_line(struct sm_http_head *head, const char *buf, size_t len,
                     struct sm_http_slice *line)
{
    if (len == head->_searched)
        return no_line_yet(head, len);
    const char *start = buf + head->_line;
    if (is_alien(head, start))
        return sm_http_refuse(head, SM_HTTP_BAD_METHOD);
    const char *lf = memchr(buf + head->_searched, '\n', len - head->_searched);
    if (!lf)
        return no_line_yet(head, len);
    if (lf == start || lf[-1] != '\r')
        return sm_http_refuse(head, SM_HTTP_BAD_BARE_LF);
    head->_line = head->_searched = (size_t)(lf - buf) + 1;
    *line = (struct sm_http_slice){start, (size_t)(lf - start) - 1};
    return 1;
}

/* ---- fields ---- */

#define EACH_BYTE(x) (0x0101010101010101ull * (x))

/* Has the word a byte below ' ', or DEL? (A tab too: the caller looks again.) */
static inline bool has_control(uint64_t word)
{
    uint64_t del = word ^ EACH_BYTE(0x7f);
    uint64_t below = (word - EACH_BYTE(0x20)) & ~word;
    uint64_t zero = (del - EACH_BYTE(0x01)) & ~del;
    return (below | zero) & EACH_BYTE(0x80);
}

/* The first byte that no value may have; at the latest the CR at the end. */
static const char *skip_value(const char *p, const char *end)
{
    for (uint64_t word; end - p >= 8; p += 8) {
        memcpy(&word, p, 8);
        if (has_control(word))
            break;
    }
    while (sm_http_is(*p, SM_HTTP_FIELD))
        p++;
    return p;
}

/* What is wrong with a line whose name is not followed by a colon. */
static enum sm_http_refusal bad_name(struct sm_http_slice line, const char *p)
{
    bool blank = *p == ' ' || *p == '\t';
    if (p == line.ptr)
        return blank ? SM_HTTP_BAD_FIELD_FOLD : SM_HTTP_BAD_FIELD_NAME;
    while (*p == ' ' || *p == '\t')
        p++;
    return blank && *p == ':' ? SM_HTTP_BAD_FIELD_SPACE : SM_HTTP_BAD_FIELD_NAME;
}

static int field(struct sm_http_head *head, struct sm_http_slice line)
{
    const char *p = line.ptr, *end = line.ptr + line.len;
    while (sm_http_is(*p, SM_HTTP_TOKEN))
        p++;
    if (*p != ':' || p == line.ptr)
        return sm_http_refuse(head, bad_name(line, p));
    if (skip_value(p + 1, end) != end)
        return sm_http_refuse(head, SM_HTTP_BAD_FIELD_VALUE);
    if (head->headers_count == head->_limits.headers_max)
        return sm_http_refuse(head, SM_HTTP_BAD_FIELD_COUNT);

    struct sm_http_slice value = {p + 1, (size_t)(end - p) - 1};
    struct sm_http_header *field = &head->headers[head->headers_count++];
    field->name = (struct sm_http_slice){line.ptr, (size_t)(p - line.ptr)};
    field->value = sm_http_slice_trim(value);
    return sm_http_framing_field(head, field);
}

/* ---- the head ---- */

/* An empty line: in front of a message, or after its last field. */
static int empty_line(struct sm_http_head *head)
{
    if (head->_phase == FIELDS)
        head->_phase = COMPLETE;
    else if (++head->_empty_lines > EMPTY_LINES_MAX)
        return sm_http_refuse(head, SM_HTTP_BAD_EMPTY_LINES);
    return 0;
}

static int one_line(struct sm_http_head *head, struct sm_http_slice line,
                    sm_http_first_line *first_line)
{
    if (line.len == 0)
        return empty_line(head);
    if (head->_phase == FIELDS)
        return field(head, line);
    head->_phase = FIELDS;
    return first_line(head, line);
}

ssize_t sm_http_head_parse(struct sm_http_head *head, const char *buf, size_t len,
                           sm_http_first_line *first_line)
{
    if (head->refusal)
        return -SIMUL_EHTTP;
    move_buffer(head, buf);
    if (len > head->_limits.head_max)
        len = head->_limits.head_max;
    sm_assert(len >= head->_searched);
    while (head->_phase != COMPLETE) {
        struct sm_http_slice line;
        int r = next_line(head, buf, len, &line);
        if (r <= 0)
            return r;
        r = one_line(head, line, first_line);
        if (r < 0)
            return r;
    }
    return (ssize_t)head->_line;
}

bool sm_http_is_version(const char *text)
{
    return memcmp(text, "HTTP/", 5) == 0 && sm_http_is(text[5], SM_HTTP_DIGIT)
           && text[6] == '.' && sm_http_is(text[7], SM_HTTP_DIGIT);
}

int sm_http_version_parse(struct sm_http_head *head, const char *text)
{
    if (text[5] != '1' || text[7] > '1')
        return sm_http_refuse(head, SM_HTTP_BAD_VERSION);
    head->minor = (unsigned char)(text[7] - '0');
    return 0;
}

/* ---- refusals ---- */

static const struct {
    int status;
    const char *text;
} refusals[] = {
#define ROW(name, status, text) [SM_HTTP_BAD_##name] = {status, text},
    SM_HTTP_REFUSAL_MAP(ROW)
#undef ROW
};

int sm_http_refusal_status(enum sm_http_refusal refusal)
{
    return refusals[refusal].status;
}

const char *sm_http_refusal_text(enum sm_http_refusal refusal)
{
    return refusals[refusal].text;
}
