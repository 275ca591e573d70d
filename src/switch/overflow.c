/* SPDX-License-Identifier: MIT */
/*
 * The overflow report: a task that runs into the guard of its stack dies of SIGSEGV as
 * ever, but not without a word about which task it was.
 *
 * The handler is the process's and is installed once; the alternate stack it needs (the
 * ordinary one is used up) is the thread's. Whoever handled the signal before is called
 * after us as if we were not there, so that crash reporters and sanitizers go on
 * working. Everything in the handler is async-signal-safe, and errno is kept.
 */
#include "switch/slab.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fork.h"
#include "base/sys.h"

enum { ALT_STACK_SIZE = 32 * 1024, TEXT_SIZE = 512 };

static const int signals[] = {SIGSEGV, SIGBUS};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
SM_HELD_OVER_FORKS(lock)
static int users;      /* threads that have entered */
static bool installed; /* our handler is there, or below another one */
static struct sigaction before[SIGNALS]; /* what was there when we came */
static _Atomic(sm_overflow_describe *) describer;

static __thread int entered;     /* how often by this thread */
static __thread void *alt_stack; /* owned; NULL: the thread had one */

/* ---- finding the stack --------------------------------------------------------------- */

struct search {
    const char *address;
    struct sm_stack *found;
};

static void look_into(struct sm_slab *slab, void *arg)
{
    struct search *search = arg;
    size_t offset = (size_t)(search->address - slab->first);
    unsigned carved = __atomic_load_n(&slab->carved, __ATOMIC_ACQUIRE);
    if (search->address < slab->first || offset / slab->stride >= carved
        || offset % slab->stride >= sm_page_size())
        return;
    search->found = &slab->table[offset / slab->stride];
}

struct sm_stack *sm_stack_of_guard(const void *address)
{
    struct search search = {.address = address};
    sm_slab_each(look_into, &search);
    return search.found;
}

/* ---- the message --------------------------------------------------------------------- */

struct text {
    char bytes[TEXT_SIZE];
    size_t length;
};

static void add(struct text *text, const char *words)
{
    while (*words && text->length < sizeof text->bytes)
        text->bytes[text->length++] = *words++;
}

static void add_number(struct text *text, size_t number)
{
    char digits[24], *first = digits + sizeof digits - 1;
    *first = '\0';
    do
        *--first = (char)('0' + number % 10);
    while (number /= 10);
    add(text, first);
}

static void report(const struct sm_stack *stack)
{
    char owner[TEXT_SIZE / 2] = "";
    struct text text = {.length = 0};
    sm_overflow_describe *describe = atomic_load(&describer);
    if (describe && stack->owner)
        describe(stack, owner, sizeof owner);
    add(&text, "simul: stack overflow in ");
    add(&text, owner[0] ? owner : "a stack that no task runs on");
    add(&text, ": its stack of ");
    add_number(&text, stack->slab->stride);
    add(&text, " bytes is used up\n");
    while (write(STDERR_FILENO, text.bytes, text.length) < 0 && errno == EINTR)
        ;
}

/* ---- the handler --------------------------------------------------------------------- */

static const struct sigaction *previous(int signum)
{
    return &before[signum == SIGBUS];
}

/* The instruction is executed again and faults again, now without us; a signal that was
 * sent by somebody must be sent once more. */
static void die_of(int signum, const siginfo_t *info)
{
    signal(signum, SIG_DFL);
    if (info->si_code <= 0)
        raise(signum);
}

/* As the kernel would have called it. */
static void call_handler(const struct sigaction *action, int signum, siginfo_t *info,
                         void *context)
{
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, &action->sa_mask, &mask);
    if (action->sa_flags & SA_SIGINFO)
        action->sa_sigaction(signum, info, context);
    else
        action->sa_handler(signum);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

static bool is_ignored(const struct sigaction *action)
{
    return !(action->sa_flags & SA_SIGINFO) && action->sa_handler == SIG_IGN;
}

static bool is_default(const struct sigaction *action)
{
    return !(action->sa_flags & SA_SIGINFO) && action->sa_handler == SIG_DFL;
}

static void on_fault(int signum, siginfo_t *info, void *context)
{
    int saved = errno;
    const struct sigaction *action = previous(signum);
    bool fault = info->si_code > 0; /* else sent by kill(2) and the like */
    struct sm_stack *stack = fault ? sm_stack_of_guard(info->si_addr) : NULL;
    if (stack)
        report(stack);
    if (is_default(action) || (is_ignored(action) && fault))
        die_of(signum, info); /* the kernel does not let a fault be ignored either */
    else if (!is_ignored(action))
        call_handler(action, signum, info, context);
    errno = saved;
}

/* ---- the alternate stack ------------------------------------------------------------- */

static size_t alt_stack_size(void)
{
#ifdef AT_MINSIGSTKSZ
    return sm_pages(getauxval(AT_MINSIGSTKSZ) + ALT_STACK_SIZE);
#else
    return sm_pages(ALT_STACK_SIZE);
#endif
}

/* A thread that has an alternate stack keeps it. */
static int alt_stack_open(void)
{
    stack_t stack;
    int r = (int)sm_sigaltstack(NULL, &stack);
    if (r < 0 || !(stack.ss_flags & SS_DISABLE))
        return r;
    void *memory = sm_mmap(NULL, alt_stack_size(), PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -ENOMEM;
    stack = (stack_t){.ss_sp = memory, .ss_size = alt_stack_size()};
    r = (int)sm_sigaltstack(&stack, NULL);
    if (r < 0)
        sm_munmap(memory, alt_stack_size());
    else
        alt_stack = memory;
    return r;
}

/* Somebody who has set another one since wants to keep it. */
static void alt_stack_close(void)
{
    stack_t stack, none = {.ss_flags = SS_DISABLE};
    if (!alt_stack)
        return;
    if (sigaltstack(NULL, &stack) == 0 && stack.ss_sp == alt_stack)
        sigaltstack(&none, NULL);
    sm_munmap(alt_stack, alt_stack_size());
    alt_stack = NULL;
}

/* ---- entering and leaving ------------------------------------------------------------ */

static bool is_ours(int signum)
{
    struct sigaction now;
    return sigaction(signum, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO)
           && now.sa_sigaction == on_fault;
}

static void restore(int n)
{
    for (int i = 0; i < n; i++)
        sigaction(signals[i], &before[i], NULL);
}

static int install(void)
{
    struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    ours.sa_sigaction = on_fault;
    sigemptyset(&ours.sa_mask);
    for (int i = 0; i < SIGNALS; i++) {
        int r = (int)sm_sigaction(signals[i], &ours, &before[i]);
        if (r < 0) {
            restore(i);
            return r;
        }
    }
    installed = true;
    return 0;
}

/* If somebody has put a handler over ours it may call ours, so ours stays where it is,
 * and is not put on top a second time either: the two would call each other for ever. */
static void uninstall(void)
{
    for (int i = 0; i < SIGNALS; i++)
        if (!is_ours(signals[i]))
            return;
    restore(SIGNALS);
    installed = false;
}

int sm_overflow_enter(sm_overflow_describe *describe)
{
    int r = entered ? 0 : alt_stack_open();
    if (r < 0)
        return r;
    pthread_mutex_lock(&lock);
    if (!installed)
        r = install();
    if (r == 0) {
        atomic_store(&describer, describe);
        users++;
        entered++;
    }
    pthread_mutex_unlock(&lock);
    if (r < 0 && !entered)
        alt_stack_close();
    return r;
}

void sm_overflow_leave(void)
{
    sm_assert(entered > 0);
    pthread_mutex_lock(&lock);
    if (--users == 0)
        uninstall();
    pthread_mutex_unlock(&lock);
    if (--entered == 0)
        alt_stack_close();
}
