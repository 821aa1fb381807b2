// SPDX-License-Identifier: GPL-2.0-only
/*
 * vcpu.c - the vcpu's file: its ioctls, its page, its beginning and end
 */
#include <linux/anon_inodes.h>
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/segment.h>

#include "msrs.h"
#include "tracepoints.h"
#include "vmx.h"
#include "vmx_ops.h"

/* VM exits load null selectors; only 32-bit code of old has others. */
static bool has_data_selectors(void)
{
	u16 ds, es, fs, gs;

	savesegment(ds, ds);
	savesegment(es, es);
	savesegment(fs, fs);
	savesegment(gs, gs);
	return ds | es | fs | gs;
}

static int check_caller(const struct dune_vcpu *vcpu)
{
	if (current->mm != vcpu->vm->mn.mm)
		return -EPERM;
	return READ_ONCE(vcpu->vm->dead) ? -ENODEV : 0;
}

/*
 * The vcpu is this call's until end(). Its file, too: a thread that shares its
 * descriptors with nobody has no reference of its own (fdget()), since it cannot
 * close one in the middle of a call. But the guest's calls can. And by them no vcpu
 * is run in the middle of another's stay.
 */
static int begin(struct file *file)
{
	struct dune_vcpu *vcpu = file->private_data;

	if (unlikely(dune_in_stay()) || test_and_set_bit_lock(0, &vcpu->busy))
		return -EBUSY;
	get_file(file);
	return 0;
}

static void end(struct file *file)
{
	struct dune_vcpu *vcpu = file->private_data;

	clear_bit_unlock(0, &vcpu->busy);
	fput(file);
}

static long do_run(struct dune_vcpu *vcpu)
{
	long r;

	if (unlikely(has_data_selectors()))
		return -EINVAL;
	r = dune_vcpu_run(vcpu);
	dune_vcpu_finish(vcpu);
	return r;
}

/* Run @fn with the vcpu loaded and interrupts off. */
static long with_vcpu_loaded(struct dune_vcpu *vcpu,
			     int (*fn)(struct dune_vcpu *vcpu, struct dune_sregs *s),
			     struct dune_sregs *s)
{
	long r = dune_vcpu_load_somewhere(vcpu);

	/* DUNE_EXIT_NONE: a signal came while there was no CPU to load it on. */
	if (r < 0)
		return r;
	if (!irqs_disabled())
		return -EINTR;
	r = fn(vcpu, s);
	dune_vcpu_put(vcpu);
	local_irq_enable();
	return r;
}

static int do_set_sregs(struct dune_vcpu *vcpu, struct dune_sregs *s)
{
	return vcpu_set_sregs(vcpu, s);
}

static int do_get_sregs(struct dune_vcpu *vcpu, struct dune_sregs *s)
{
	vcpu_get_sregs(vcpu, s);
	return 0;
}

static int do_setup(struct dune_vcpu *vcpu, struct dune_sregs *s)
{
	vmcs_setup(vcpu);
	return 0;
}

static long ioctl_set_sregs(struct dune_vcpu *vcpu, void __user *arg)
{
	struct dune_sregs s;

	if (copy_from_user(&s, arg, sizeof(s)))
		return -EFAULT;
	return with_vcpu_loaded(vcpu, do_set_sregs, &s);
}

static long ioctl_get_sregs(struct dune_vcpu *vcpu, void __user *arg)
{
	struct dune_sregs s;
	long r = with_vcpu_loaded(vcpu, do_get_sregs, &s);

	if (r)
		return r;
	return copy_to_user(arg, &s, sizeof(s)) ? -EFAULT : 0;
}

/* Needs no lock: counters may be read while they count. */
static long ioctl_get_stats(struct dune_vcpu *vcpu, void __user *arg)
{
	struct dune_totals *totals = kzalloc(sizeof(*totals), GFP_KERNEL);
	long r;

	if (!totals)
		return -ENOMEM;
	dune_totals_add_vcpu(totals, vcpu);
	r = copy_to_user(arg, &totals->stats, sizeof(totals->stats)) ? -EFAULT : 0;
	kfree(totals);
	return r;
}

static long vcpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct dune_vcpu *vcpu = file->private_data;
	long r = check_caller(vcpu);

	if (unlikely(r))
		return r;
	if (cmd == DUNE_GET_STATS)
		return ioctl_get_stats(vcpu, (void __user *)arg);
	if (cmd == DUNE_GET_KEY)
		return put_user(vcpu->run_key, (u64 __user *)arg);
	r = begin(file);
	if (unlikely(r))
		return r;
	switch (cmd) {
	case DUNE_RUN:
		r = arg ? -EINVAL : do_run(vcpu);
		break;
	case DUNE_SET_SREGS:
		r = ioctl_set_sregs(vcpu, (void __user *)arg);
		break;
	case DUNE_GET_SREGS:
		r = ioctl_get_sregs(vcpu, (void __user *)arg);
		break;
	default:
		r = -ENOTTY;
	}
	end(file);
	return r;
}

/*
 * DUNE_RUN's short form. ioctl() has every security module look up the file's
 * path each time; seeking has none of that.
 */
static loff_t vcpu_llseek(struct file *file, loff_t offset, int whence)
{
	struct dune_vcpu *vcpu = file->private_data;
	long r = check_caller(vcpu);

	if (unlikely(r))
		return r;
	if (offset != vcpu->run_key || whence != SEEK_SET || in_compat_syscall())
		return -EINVAL;
	r = begin(file);
	if (unlikely(r))
		return r;
	r = do_run(vcpu);
	end(file);
	return r;
}

static const char *vcpu_page_name(struct vm_area_struct *vma)
{
	return "[dune-vcpu]";
}

/* A mapping with a name of its own is in every core dump, whatever the filter. */
static const struct vm_operations_struct vcpu_vm_ops = {
	.name	= vcpu_page_name,
};

/*
 * An ordinary page, so that a core dump holds the registers; not copied by
 * fork(), whose child has no vcpu.
 */
static int vcpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct dune_vcpu *vcpu = file->private_data;
	int r = check_caller(vcpu);

	if (r)
		return r;
	/*
	 * Once and for all: who gets hold of the descriptor later, as an untrusted
	 * program in ring 3 might, must not get hold of the registers with it.
	 */
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != PAGE_SIZE ||
	    !(vma->vm_flags & VM_SHARED) || (vma->vm_flags & VM_EXEC))
		return -EINVAL;
	if (test_and_set_bit(1, &vcpu->busy))
		return -EBUSY;
	compat_vm_flags_mod(vma, VM_DONTCOPY | VM_DONTEXPAND, VM_MAYEXEC);
	vma->vm_ops = &vcpu_vm_ops;
	return vm_insert_page(vma, vma->vm_start, vcpu->run_page);
}

/* Undo vcpu_alloc(); the vcpu is on no CPU and in no list. */
static void vcpu_free(struct dune_vcpu *vcpu)
{
	vpid_free(vcpu->vpid);
	ept_cache_drain(&vcpu->ept_cache);
	kfree(vcpu->autoload);
	vmcs_free(vcpu->vmcs);
	if (vcpu->run_page)
		__free_page(vcpu->run_page);
	kfree(vcpu);
}

/* What vcpu_free() does not: it may be active on a CPU. */
static void vcpu_end(struct dune_vcpu *vcpu)
{
	trace_dune_vcpu_end(vcpu);
	dune_vms_remove_vcpu(vcpu);
	vmx_clear_vcpu(vcpu);
	vcpu_free(vcpu);
}

static int vcpu_release(struct inode *inode, struct file *file)
{
	struct dune_vcpu *vcpu = file->private_data;
	struct file *vm_file = vcpu->vm_file;

	vcpu_end(vcpu);
	fput(vm_file);
	return 0;
}

static const struct file_operations vcpu_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= vcpu_ioctl,
	.mmap		= vcpu_mmap,
	.release	= vcpu_release,
	.llseek		= vcpu_llseek,
};

static struct dune_vcpu *vcpu_alloc(struct dune_vm *vm)
{
	static atomic_t last_id;
	struct dune_vcpu *vcpu;

	if (dune_fail_step())
		return NULL;
	vcpu = kzalloc(sizeof(*vcpu), GFP_KERNEL_ACCOUNT);
	if (!vcpu)
		return NULL;
	INIT_LIST_HEAD(&vcpu->on_cpu);
	dune_vcpu_init_preempt(vcpu);
	vcpu->vm = vm;
	vcpu->id = atomic_inc_return(&last_id);
	vcpu->run_key = get_random_u64() >> 1;	/* offsets have a sign */
	vcpu->cpu = -1;
	vcpu->loaded_cpu = -1;
	vcpu->access.pages_min = EPT_PAGES_AROUND;

	if (!dune_fail_step())
		vcpu->run_page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	vcpu->vmcs = vmcs_alloc();
	if (!dune_fail_step())
		vcpu->autoload = kzalloc(sizeof(*vcpu->autoload), GFP_KERNEL_ACCOUNT);
	if (!vcpu->run_page || !vcpu->vmcs || !vcpu->autoload) {
		vcpu_free(vcpu);
		return NULL;
	}
	vcpu->run = page_address(vcpu->run_page);
	vcpu->vpid = vpid_alloc();
	dune_vms_add_vcpu(vcpu);
	trace_dune_vcpu_create(vcpu);
	return vcpu;
}

/* A descriptor for a new vcpu of the VM that @vm_file stands for. */
int dune_vcpu_create(struct dune_vm *vm, struct file *vm_file, u32 flags)
{
	struct dune_vcpu *vcpu = vcpu_alloc(vm);
	int r;

	if (!vcpu)
		return -ENOMEM;
	vcpu->vm_file = get_file(vm_file);
	vcpu->no_smep_smap = flags & DUNE_VCPU_NO_SMEP_SMAP;
	r = dune_fail_step() ?: with_vcpu_loaded(vcpu, do_setup, NULL);
	if (!r)
		r = anon_inode_getfd("[dune-vcpu]", &vcpu_fops, vcpu, O_RDWR | O_CLOEXEC);
	if (r < 0) {
		vcpu_end(vcpu);
		fput(vm_file);
	}
	return r;
}
