/* SPDX-License-Identifier: MIT */
/*
 * kvm_guest.c - a small guest of KVM's, to live beside
 *
 *	kvm_guest SECONDS
 *
 * It adds up numbers in real mode and tells the sum by a port, again and again.
 * Status 0: all sums were right; 2: there is no KVM or it refused, which is said.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PORT	0x42
#define LOAD	0x1000

/* again: ax = 0; for (cx = 100; cx; cx--) ax += cx; out ax; goto again */
static const uint8_t code[] = {
	0x31, 0xc0,			/* xor	ax, ax */
	0xb9, 0x64, 0x00,		/* mov	cx, 100 */
	0x01, 0xc8,			/* 1: add ax, cx */
	0xe2, 0xfc,			/* loop	1b */
	0xe7, PORT,			/* out	PORT, ax */
	0xeb, 0xf3,			/* jmp	0 */
};

static int refused(const char *what)
{
	printf("KVM refused: %s: %s\n", what, strerror(errno));
	return 2;
}

int main(int argc, char **argv)
{
	double end = argc > 1 ? atof(argv[1]) : 1;
	struct kvm_userspace_memory_region region = { .guest_phys_addr = LOAD, .memory_size = 4096 };
	struct kvm_regs regs = { .rip = LOAD, .rflags = 2 };
	int kvm = open("/dev/kvm", O_RDWR), vm, vcpu, size;
	unsigned long sums = 0;
	struct kvm_sregs sregs;
	struct timespec t, from;
	struct kvm_run *run;
	uint8_t *memory;

	if (kvm < 0)
		return refused("/dev/kvm");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		return refused("KVM_CREATE_VM");
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memcpy(memory, code, sizeof(code));
	region.userspace_addr = (uintptr_t)memory;
	ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (vcpu < 0)
		return refused("KVM_CREATE_VCPU");
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	ioctl(vcpu, KVM_GET_SREGS, &sregs);
	sregs.cs.base = sregs.cs.selector = 0;
	ioctl(vcpu, KVM_SET_SREGS, &sregs);
	ioctl(vcpu, KVM_SET_REGS, &regs);

	clock_gettime(CLOCK_MONOTONIC, &from);
	do {
		if (ioctl(vcpu, KVM_RUN, 0))
			return refused("KVM_RUN");
		if (run->exit_reason != KVM_EXIT_IO || run->io.port != PORT ||
		    *(uint16_t *)((char *)run + run->io.data_offset) != 5050) {
			printf("wrong: exit reason %u\n", run->exit_reason);
			return 1;
		}
		sums++;
		clock_gettime(CLOCK_MONOTONIC, &t);
	} while (t.tv_sec - from.tv_sec + (t.tv_nsec - from.tv_nsec) * 1e-9 < end);
	printf("KVM's guest: %lu right sums\n", sums);
	return 0;
}
