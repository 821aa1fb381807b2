// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - /dev/dune: a VM of the opener's address space
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "dune.h"

static int vm_open(struct inode *inode, struct file *file)
{
	struct dune_vm *vm = dune_vm_get();

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	file->private_data = vm;
	return 0;
}

static int vm_release(struct inode *inode, struct file *file)
{
	dune_vm_put(file->private_data);
	return 0;
}

static long ioctl_get_info(void __user *arg)
{
	struct dune_info info;

	dune_get_info(&info);
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long ioctl_map_slot(struct dune_vm *vm, void __user *arg)
{
	struct dune_slot slot;
	int r;

	if (copy_from_user(&slot, arg, sizeof(slot)))
		return -EFAULT;
	r = dune_vm_map_slot(vm, &slot);
	if (r)
		return r;
	return copy_to_user(arg, &slot, sizeof(slot)) ? -EFAULT : 0;
}

static long ioctl_unmap_slot(struct dune_vm *vm, void __user *arg)
{
	struct dune_slot slot;

	if (copy_from_user(&slot, arg, sizeof(slot)))
		return -EFAULT;
	return dune_vm_unmap_slot(vm, &slot);
}

static long ioctl_prefault(struct dune_vm *vm, void __user *arg)
{
	struct dune_range range;

	if (copy_from_user(&range, arg, sizeof(range)))
		return -EFAULT;
	return dune_vm_prefault(vm, &range);
}

static long ioctl_flush_tlb(struct dune_vm *vm)
{
	spin_lock(&vm->ept_lock);
	dune_vm_flush_guest(vm);
	spin_unlock(&vm->ept_lock);
	return 0;
}

static long vm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct dune_vm *vm = file->private_data;

	if (current->mm != vm->mn.mm)
		return -EPERM;
	if (READ_ONCE(vm->dead))
		return -ENODEV;
	switch (cmd) {
	case DUNE_GET_INFO:
		return ioctl_get_info((void __user *)arg);
	case DUNE_CREATE_VCPU:
		return arg & ~(unsigned long)DUNE_VCPU_NO_SMEP_SMAP ? -EINVAL :
			dune_vcpu_create(vm, file, arg);
	case DUNE_MAP_SLOT:
		return ioctl_map_slot(vm, (void __user *)arg);
	case DUNE_UNMAP_SLOT:
		return ioctl_unmap_slot(vm, (void __user *)arg);
	case DUNE_PREFAULT:
		return ioctl_prefault(vm, (void __user *)arg);
	case DUNE_FLUSH_TLB:
		return arg ? -EINVAL : ioctl_flush_tlb(vm);
	}
	return -ENOTTY;
}

static const struct file_operations vm_fops = {
	.owner		= THIS_MODULE,
	.open		= vm_open,
	.release	= vm_release,
	.unlocked_ioctl	= vm_ioctl,
	.llseek		= noop_llseek,
};

static struct miscdevice device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "dune",
	.fops	= &vm_fops,
	.mode	= 0600,
};

int __init dune_device_init(void)
{
	return dune_fail_step() ?: misc_register(&device);
}

void dune_device_exit(void)
{
	misc_deregister(&device);
}
