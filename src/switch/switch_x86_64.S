/* SPDX-License-Identifier: MIT */
/*
 * The switch for x86-64 (System V ABI: Linux, the BSDs).
 *
 * A suspended context is 64 bytes on its own stack, from its stack pointer upwards:
 *
 *      0  MXCSR (4 bytes)  x87 control word (2)  unused (2)
 *      8  r15  r14  r13  r12  rbx  rbp
 *     56  return address
 *
 * The call frame information stays right across the switch without a directive, since
 * both stacks look the same at the instruction that exchanges them. A debugger sees a
 * suspended context by setting rsp to it and rip to sm_switch_resume.
 *
 * ldmxcsr and fldcw cost more than everything else here together, so they are executed
 * only when the control bits differ. The status bits of MXCSR (the low six) are not
 * preserved by any call, and left alone.
 */
    .text

    .globl  sm_switch
    .hidden sm_switch
    .type   sm_switch, @function
    .p2align 4
sm_switch:                      /* (sm_context *from, sm_context to) */
    .cfi_startproc
    endbr64
    pushq   %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    pushq   %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    pushq   %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r12, 0
    pushq   %r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r13, 0
    pushq   %r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r14, 0
    pushq   %r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r15, 0
    subq    $8, %rsp
    .cfi_adjust_cfa_offset 8
    stmxcsr (%rsp)
    fnstcw  4(%rsp)
    movl    (%rsp), %eax
    movzwl  4(%rsp), %ecx

    movq    %rsp, (%rdi)
    movq    %rsi, %rsp          /* from here on: the other stack */

    .globl  sm_switch_resume
    .hidden sm_switch_resume
sm_switch_resume:
    movzwl  4(%rsp), %edx
    xorl    (%rsp), %eax
    andl    $0xffc0, %eax       /* rounding, masks, denormals */
    xorl    %edx, %ecx
    orl     %ecx, %eax
    jnz     .Lcontrol
.Lrestore:
    .cfi_remember_state
    addq    $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq    %r15
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r15
    popq    %r14
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r14
    popq    %r13
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r13
    popq    %r12
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r12
    popq    %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    popq    %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbp
    ret
.Lcontrol:
    .cfi_restore_state
    ldmxcsr (%rsp)
    fnclex                      /* a stale flag must not trap under the new masks */
    fldcw   4(%rsp)
    jmp     .Lrestore
    .cfi_endproc
    .size   sm_switch, . - sm_switch

/*
 * Where a fresh context begins: entry in r12, its argument in r13. The return address
 * is undefined, so unwinding ends here. The nop before the label belongs to the frame,
 * as unwinders look up the byte before a return address.
 */
    .type   sm_context_start, @function
    .p2align 4
    .cfi_startproc
    .cfi_def_cfa_offset 0
    .cfi_undefined %rip
    nop
sm_context_start:
    endbr64
    xorl    %ebp, %ebp
    movq    %r13, %rdi
    call    *%r12
    ud2                         /* entry must not return */
    .cfi_endproc
    .size   sm_context_start, . - sm_context_start

    .globl  sm_context_make
    .hidden sm_context_make
    .type   sm_context_make, @function
    .p2align 4
sm_context_make:                /* (void *base, void *top, entry, void *arg) */
    .cfi_startproc
    endbr64
    movq    %rsi, %rax
    andq    $-16, %rax
    subq    $64, %rax
    stmxcsr (%rax)
    fnstcw  4(%rax)
    movw    $0, 6(%rax)
    xorl    %esi, %esi
    movq    %rsi, 8(%rax)
    movq    %rsi, 16(%rax)
    movq    %rcx, 24(%rax)      /* r13: arg */
    movq    %rdx, 32(%rax)      /* r12: entry */
    movq    %rsi, 40(%rax)
    movq    %rsi, 48(%rax)
    leaq    sm_context_start(%rip), %rdx
    movq    %rdx, 56(%rax)
    ret
    .cfi_endproc
    .size   sm_context_make, . - sm_context_make

    .globl  sm_context_inherit_fp
    .hidden sm_context_inherit_fp
    .type   sm_context_inherit_fp, @function
    .p2align 4
sm_context_inherit_fp:          /* (sm_context) */
    .cfi_startproc
    endbr64
    stmxcsr (%rdi)
    fnstcw  4(%rdi)
    ret
    .cfi_endproc
    .size   sm_context_inherit_fp, . - sm_context_inherit_fp

/* Indirect branch tracking is kept (IBT); a shadow stack (SHSTK) is not. */
    .section .note.gnu.property, "a"
    .p2align 3
    .long   4, 16, 5
    .asciz  "GNU"
    .long   0xc0000002, 4, 1, 0

    .section .note.GNU-stack, "", @progbits
