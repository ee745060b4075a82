/* SPDX-License-Identifier: Apache-2.0 */
	.section .rodata
	.balign 8
	.global embedded_programs, embedded_programs_end
embedded_programs:
	.incbin "programs.bpf.o"
embedded_programs_end:
	.section .note.GNU-stack, "", @progbits
