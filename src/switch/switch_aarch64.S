/* SPDX-License-Identifier: MIT */
/*
 * The switch for aarch64 (AAPCS64).
 *
 * A suspended context is 176 bytes on its own stack, from its stack pointer upwards:
 *
 *      0  x19 … x28
 *     80  x29 (frame pointer)  x30 (return address)
 *     96  d8 … d15
 *    160  FPCR: SM_CONTEXT_FP  unused
 *
 * As on x86-64 both stacks look the same where they are exchanged, and a debugger sees a
 * suspended context by setting sp to it and pc to sm_switch_resume. Writing FPCR may
 * drain the pipeline, so it is written only when it differs.
 *
 * The return address is stored unsigned: pointer authentication signs it in the callers
 * of this file, if they are compiled so, and is none of its business.
 */
    .text

    .globl  sm_switch
    .hidden sm_switch
    .type   sm_switch, %function
    .p2align 4
sm_switch:                      /* (sm_context *from, sm_context to) */
    .cfi_startproc
    hint    #34                 /* bti c */
    sub     sp, sp, #176
    .cfi_adjust_cfa_offset 176
    stp     x19, x20, [sp, #0]
    .cfi_rel_offset x19, 0
    .cfi_rel_offset x20, 8
    stp     x21, x22, [sp, #16]
    .cfi_rel_offset x21, 16
    .cfi_rel_offset x22, 24
    stp     x23, x24, [sp, #32]
    .cfi_rel_offset x23, 32
    .cfi_rel_offset x24, 40
    stp     x25, x26, [sp, #48]
    .cfi_rel_offset x25, 48
    .cfi_rel_offset x26, 56
    stp     x27, x28, [sp, #64]
    .cfi_rel_offset x27, 64
    .cfi_rel_offset x28, 72
    stp     x29, x30, [sp, #80]
    .cfi_rel_offset x29, 80
    .cfi_rel_offset x30, 88
    stp     d8, d9, [sp, #96]
    .cfi_rel_offset d8, 96
    .cfi_rel_offset d9, 104
    stp     d10, d11, [sp, #112]
    .cfi_rel_offset d10, 112
    .cfi_rel_offset d11, 120
    stp     d12, d13, [sp, #128]
    .cfi_rel_offset d12, 128
    .cfi_rel_offset d13, 136
    stp     d14, d15, [sp, #144]
    .cfi_rel_offset d14, 144
    .cfi_rel_offset d15, 152
    mrs     x9, fpcr
    str     x9, [sp, #160]

    mov     x10, sp
    str     x10, [x0]
    mov     sp, x1              /* from here on: the other stack */

    .globl  sm_switch_resume
    .hidden sm_switch_resume
sm_switch_resume:
    ldr     x10, [sp, #160]
    cmp     x9, x10
    b.ne    .Lcontrol
.Lrestore:
    ldp     d14, d15, [sp, #144]
    ldp     d12, d13, [sp, #128]
    ldp     d10, d11, [sp, #112]
    ldp     d8, d9, [sp, #96]
    ldp     x29, x30, [sp, #80]
    ldp     x27, x28, [sp, #64]
    ldp     x25, x26, [sp, #48]
    ldp     x23, x24, [sp, #32]
    ldp     x21, x22, [sp, #16]
    ldp     x19, x20, [sp, #0]
    .cfi_remember_state
    add     sp, sp, #176
    .cfi_def_cfa sp, 0
    .cfi_restore x19
    .cfi_restore x20
    .cfi_restore x21
    .cfi_restore x22
    .cfi_restore x23
    .cfi_restore x24
    .cfi_restore x25
    .cfi_restore x26
    .cfi_restore x27
    .cfi_restore x28
    .cfi_restore x29
    .cfi_restore x30
    .cfi_restore d8
    .cfi_restore d9
    .cfi_restore d10
    .cfi_restore d11
    .cfi_restore d12
    .cfi_restore d13
    .cfi_restore d14
    .cfi_restore d15
    ret
.Lcontrol:
    .cfi_restore_state
    msr     fpcr, x10
    b       .Lrestore
    .cfi_endproc
    .size   sm_switch, . - sm_switch

/*
 * Where a fresh context begins: entry in x19, its argument in x20. The return address
 * is undefined, so unwinding ends here. The nop before the label belongs to the frame,
 * as unwinders look up the instruction before a return address.
 */
    .type   sm_context_start, %function
    .p2align 4
sm_context_start:
    .cfi_startproc
    .cfi_undefined x30
    nop
.Lstart:
    mov     x0, x20
    blr     x19
    brk     #1                  /* entry must not return */
    .cfi_endproc
    .size   sm_context_start, . - sm_context_start

    .globl  sm_context_make
    .hidden sm_context_make
    .type   sm_context_make, %function
    .p2align 4
sm_context_make:                /* (void *base, void *top, entry, void *arg) */
    .cfi_startproc
    hint    #34                 /* bti c */
    and     x0, x1, #-16
    sub     x0, x0, #176
    stp     x2, x3, [x0, #0]    /* x19: entry, x20: arg */
    stp     xzr, xzr, [x0, #16]
    stp     xzr, xzr, [x0, #32]
    stp     xzr, xzr, [x0, #48]
    stp     xzr, xzr, [x0, #64]
    adr     x9, .Lstart
    stp     xzr, x9, [x0, #80]
    stp     xzr, xzr, [x0, #96]
    stp     xzr, xzr, [x0, #112]
    stp     xzr, xzr, [x0, #128]
    stp     xzr, xzr, [x0, #144]
    mrs     x9, fpcr
    stp     x9, xzr, [x0, #160]
    ret
    .cfi_endproc
    .size   sm_context_make, . - sm_context_make

/* Branch target identification (BTI). */
    .section .note.gnu.property, "a"
    .p2align 3
    .long   4, 16, 5
    .asciz  "GNU"
    .long   0xc0000000, 4, 1, 0

    .section .note.GNU-stack, "", %progbits
