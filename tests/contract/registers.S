/* SPDX-License-Identifier: MIT */
/*
 * void registers_across(const uint64_t *in, uint64_t *out, void (*fn)(void))
 *
 * Calls fn with a value of its own in every register that a callee must keep: filled
 * from `in` before, stored to `out` after.
 */
    .text
    .globl registers_across

#if defined(__x86_64__)
    .type   registers_across, @function
registers_across:
    .cfi_startproc
    endbr64
    pushq   %rbp
    pushq   %rbx
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    pushq   %rsi
    .cfi_adjust_cfa_offset 56
    movq    %rdi, %rax
    movq    0(%rax), %rbx
    movq    8(%rax), %rbp
    movq    16(%rax), %r12
    movq    24(%rax), %r13
    movq    32(%rax), %r14
    movq    40(%rax), %r15
    call    *%rdx
    popq    %rax
    movq    %rbx, 0(%rax)
    movq    %rbp, 8(%rax)
    movq    %r12, 16(%rax)
    movq    %r13, 24(%rax)
    movq    %r14, 32(%rax)
    movq    %r15, 40(%rax)
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbx
    popq    %rbp
    .cfi_adjust_cfa_offset -56
    ret
    .cfi_endproc
    .size   registers_across, . - registers_across

#elif defined(__aarch64__)
    .type   registers_across, %function
registers_across:
    .cfi_startproc
    hint    #34
    sub     sp, sp, #176
    .cfi_adjust_cfa_offset 176
    stp     x19, x20, [sp, #0]
    stp     x21, x22, [sp, #16]
    stp     x23, x24, [sp, #32]
    stp     x25, x26, [sp, #48]
    stp     x27, x28, [sp, #64]
    stp     x29, x30, [sp, #80]
    stp     d8, d9, [sp, #96]
    stp     d10, d11, [sp, #112]
    stp     d12, d13, [sp, #128]
    stp     d14, d15, [sp, #144]
    str     x1, [sp, #160]
    mov     x9, x0
    ldp     x19, x20, [x9, #0]
    ldp     x21, x22, [x9, #16]
    ldp     x23, x24, [x9, #32]
    ldp     x25, x26, [x9, #48]
    ldp     x27, x28, [x9, #64]
    ldr     x29, [x9, #80]
    ldp     d8, d9, [x9, #88]
    ldp     d10, d11, [x9, #104]
    ldp     d12, d13, [x9, #120]
    ldp     d14, d15, [x9, #136]
    blr     x2
    ldr     x9, [sp, #160]
    stp     x19, x20, [x9, #0]
    stp     x21, x22, [x9, #16]
    stp     x23, x24, [x9, #32]
    stp     x25, x26, [x9, #48]
    stp     x27, x28, [x9, #64]
    str     x29, [x9, #80]
    stp     d8, d9, [x9, #88]
    stp     d10, d11, [x9, #104]
    stp     d12, d13, [x9, #120]
    stp     d14, d15, [x9, #136]
    ldp     x19, x20, [sp, #0]
    ldp     x21, x22, [sp, #16]
    ldp     x23, x24, [sp, #32]
    ldp     x25, x26, [sp, #48]
    ldp     x27, x28, [sp, #64]
    ldp     x29, x30, [sp, #80]
    ldp     d8, d9, [sp, #96]
    ldp     d10, d11, [sp, #112]
    ldp     d12, d13, [sp, #128]
    ldp     d14, d15, [sp, #144]
    add     sp, sp, #176
    .cfi_adjust_cfa_offset -176
    ret
    .cfi_endproc
    .size   registers_across, . - registers_across
#endif

    .section .note.GNU-stack, "", %progbits
