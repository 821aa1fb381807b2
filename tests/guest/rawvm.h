/* SPDX-License-Identifier: MIT */
/*
 * rawvm.h - a VM without libdune: the bare interface, and a few bytes of code
 */
#ifndef _TESTS_GUEST_RAWVM_H
#define _TESTS_GUEST_RAWVM_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <dune/uapi.h>

#define RAW_BASE	0x200000000000UL	/* a block of its own */
#define RAW_SIZE	(1UL << 20)
#define RAW_CODE	(RAW_BASE + 8192)
#define RAW_STACK	(RAW_BASE + 65536)

struct rawvm {
	int		vm, vcpu;
	struct dune_run	*run;
	uint64_t	key;
	char		*memory;
	uint64_t	gpa;		/* of RAW_BASE */
};

static inline int raw_open(struct rawvm *v)
{
	memset(v, 0, sizeof(*v));
	v->vm = open(DUNE_DEVICE, O_RDWR | O_CLOEXEC);
	return v->vm < 0 ? -errno : 0;
}

/* A guest page table with one leaf, and @code at RAW_CODE. */
static inline int raw_make(struct rawvm *v, const void *code, size_t size)
{
	struct dune_slot slot = { .va = RAW_BASE };
	struct dune_sregs s = { .tr_limit = 0x67, .tr_selector = 0x40,
				.star = 0x0023001000000000ULL };
	uint64_t *pml4, *pdpt;

	if (v->vm <= 0 && raw_open(v))
		return -errno;
	v->memory = mmap((void *)RAW_BASE, RAW_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	v->vcpu = ioctl(v->vm, DUNE_CREATE_VCPU, 0);
	if (v->memory == MAP_FAILED || v->vcpu < 0)
		return -errno;
	if (ioctl(v->vcpu, DUNE_GET_KEY, &v->key))
		return -errno;
	v->run = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, v->vcpu, 0);
	if (v->run == MAP_FAILED || ioctl(v->vm, DUNE_MAP_SLOT, &slot))
		return -errno;
	v->gpa = slot.gpa;

	pml4 = (uint64_t *)v->memory;
	pdpt = pml4 + 512;
	pml4[RAW_BASE >> 39 & 511] = (v->gpa + 4096) | 7;
	pdpt[RAW_BASE >> 30 & 511] = v->gpa | 0xe3;	/* supervisor: SMEP */
	memcpy(v->memory + 8192, code, size);
	s.cr3 = v->gpa;
	return ioctl(v->vcpu, DUNE_SET_SREGS, &s) ? -errno : 0;
}

/* From the start of the code; what DUNE_RUN says, but for DUNE_EXIT_NONE. */
static inline int raw_run(struct rawvm *v)
{
	int r;

	v->run->regs.rip = RAW_CODE;
	v->run->regs.rsp = RAW_STACK;
	v->run->regs.rflags = 0x202;
	v->run->set = DUNE_SET_REGS;
	do {
		r = ioctl(v->vcpu, DUNE_RUN, 0);
	} while (!r);
	return r < 0 ? -errno : r;
}

static inline void raw_close(struct rawvm *v)
{
	if (v->run)
		munmap(v->run, 4096);
	if (v->memory)
		munmap(v->memory, RAW_SIZE);
	close(v->vcpu);
	close(v->vm);
}

/* mov $-1, %rax; vmcall: leaves to user space whatever the module dispatches */
#define CODE_VMCALL	"\x48\xc7\xc0\xff\xff\xff\xff\x0f\x01\xc1"
#define CODE_SPIN	"\xeb\xfe"

#endif /* _TESTS_GUEST_RAWVM_H */
