/* SPDX-License-Identifier: MIT */
/*
 * The switch for x86-64 (System V ABI: Linux, the BSDs).
 *
 * A suspended context is 24 bytes on its own stack, from its stack pointer upwards:
 *
 *      0  MXCSR (4 bytes)  x87 control word (2)  unused (2): SM_CONTEXT_FP
 *      8  rbp
 *     16  where to go on
 *
 * There are two ways in. sm_switch is a function: it pushes the other registers that the
 * ABI obliges it to keep, and goes on at its own end, which pops them. sm_switch_jump is
 * jumped to from sm_switch_here() in switch.h, with the address to go on in rdx: there
 * the compiler saves what is live. Both end in the same indirect jump, so either may
 * resume what the other suspended.
 *
 * Why a jump: a `ret` goes where the last call came from, which is right only if both
 * contexts were suspended at the same place; where a task begins or ends they never are,
 * and each such switch paid for a wrong guess. The jump is guessed from the history of
 * branches. And since sm_switch_jump is reached without a call, the processor's stack of
 * return addresses stays in step with the calls around it.
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
    leaq    .Lpops(%rip), %rdx
    jmp     sm_switch_jump
.Lpops:
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
    ret
    .cfi_endproc
    .size   sm_switch, . - sm_switch

    .globl  sm_switch_jump
    .hidden sm_switch_jump
    .type   sm_switch_jump, @function
    .p2align 4
sm_switch_jump:                 /* rdi: from, rsi: to, rdx: where to go on */
    .cfi_startproc
    .cfi_def_cfa_offset 0       /* as if the address had been pushed … */
    .cfi_register %rip, %rdx
    pushq   %rdx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rip, 0     /* … as it now is */
    pushq   %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
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
    movq    16(%rsp), %rdx
    movzwl  4(%rsp), %r8d
    xorl    (%rsp), %eax
    andl    $0xffc0, %eax       /* rounding, masks, denormals */
    xorl    %r8d, %ecx
    orl     %ecx, %eax
    jnz     .Lcontrol
    .cfi_remember_state
.Lrestore:
    movq    8(%rsp), %rbp
    .cfi_restore %rbp
    leaq    24(%rsp), %rsp
    .cfi_adjust_cfa_offset -24
    .cfi_register %rip, %rdx
    notrack jmp *%rdx
.Lcontrol:
    .cfi_restore_state
    ldmxcsr (%rsp)
    fnclex                      /* a stale flag must not trap under the new masks */
    fldcw   4(%rsp)
    jmp     .Lrestore
    .cfi_endproc
    .size   sm_switch_jump, . - sm_switch_jump

/*
 * Where a fresh context begins: above the 24 bytes lie its entry and its argument. The
 * return address is undefined, so unwinding ends here. The nop before the label belongs
 * to the frame, as unwinders look up the byte before a return address.
 */
    .type   sm_context_start, @function
    .p2align 4
sm_context_start:
    .cfi_startproc
    .cfi_def_cfa_offset 0
    .cfi_undefined %rip
    nop
.Lstart:
    endbr64
    popq    %rax
    popq    %rdi
    call    *%rax
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
    subq    $40, %rax
    stmxcsr (%rax)
    fnstcw  4(%rax)
    movw    $0, 6(%rax)
    movq    $0, 8(%rax)         /* rbp: the outermost frame */
    leaq    .Lstart(%rip), %rsi
    movq    %rsi, 16(%rax)
    movq    %rdx, 24(%rax)
    movq    %rcx, 32(%rax)
    ret
    .cfi_endproc
    .size   sm_context_make, . - sm_context_make

/*
 * How functions marked SM_RETURNS_BY_JUMP return; the compiler knows it by this name. (rcx is
 * theirs to clobber.)
 */
    .globl  __x86_return_thunk
    .hidden __x86_return_thunk
    .type   __x86_return_thunk, @function
    .p2align 4
__x86_return_thunk:
    .cfi_startproc
    popq    %rcx
    .cfi_adjust_cfa_offset -8
    .cfi_register %rip, %rcx
    notrack jmp *%rcx
    .cfi_endproc
    .size   __x86_return_thunk, . - __x86_return_thunk

/* Indirect branch tracking is kept (IBT); a shadow stack (SHSTK) is not. */
    .section .note.gnu.property, "a"
    .p2align 3
    .long   4, 16, 5
    .asciz  "GNU"
    .long   0xc0000002, 4, 1, 0

    .section .note.GNU-stack, "", @progbits
