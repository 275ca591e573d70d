/* SPDX-License-Identifier: MIT */
/* Two stacks and a switch in assembly, nothing else: see bare_switch.h. */
    .text
    .globl bare_switch
    .globl bare_start

#if defined(__x86_64__)
    .type   bare_switch, @function
    .p2align 4
bare_switch:
    pushq   %rbp
    pushq   %rbx
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    movq    %rsp, (%rdi)
    movq    %rsi, %rsp
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbx
    popq    %rbp
    ret
    .size   bare_switch, . - bare_switch

    .type   bare_start, @function
    .p2align 4
bare_start:
    movq    %r12, %rdi
    call    *%rbx
    ud2
    .size   bare_start, . - bare_start

#elif defined(__aarch64__)
    .type   bare_switch, %function
    .p2align 4
bare_switch:
    stp     x29, x30, [sp, #-160]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    stp     d8, d9, [sp, #96]
    stp     d10, d11, [sp, #112]
    stp     d12, d13, [sp, #128]
    stp     d14, d15, [sp, #144]
    mov     x9, sp
    str     x9, [x0]
    mov     sp, x1
    ldp     d14, d15, [sp, #144]
    ldp     d12, d13, [sp, #128]
    ldp     d10, d11, [sp, #112]
    ldp     d8, d9, [sp, #96]
    ldp     x27, x28, [sp, #80]
    ldp     x25, x26, [sp, #64]
    ldp     x23, x24, [sp, #48]
    ldp     x21, x22, [sp, #32]
    ldp     x19, x20, [sp, #16]
    ldp     x29, x30, [sp], #160
    ret
    .size   bare_switch, . - bare_switch

    .type   bare_start, %function
    .p2align 4
bare_start:
    mov     x0, x20
    blr     x19
    brk     #1
    .size   bare_start, . - bare_start
#endif

    .section .note.GNU-stack, "", %progbits
