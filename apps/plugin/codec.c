// SPDX-License-Identifier: MIT
/*
 * codec.c - decode PNG and JPEG with libpng and libjpeg
 *
 * Knows nothing of domains: dune-plugin runs the same code inside and outside.
 */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

#include "codec.h"

static int fail(struct picture *picture, const char *why)
{
	snprintf(picture->error, ERROR_SIZE, "%s", why);
	return -1;
}

/* Rows of three bytes a pixel must fit. */
static int fits(struct picture *picture, size_t width, size_t height, size_t max)
{
	if (!width || !height || width > 65535 || height > 65535 || width * height * 3 > max)
		return fail(picture, "the picture is too large");
	picture->width = width;
	picture->height = height;
	return 0;
}

static int decode_png(const unsigned char *file, size_t size, unsigned char *pixels, size_t max,
		      struct picture *picture)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	int r = -1;

	if (!png_image_begin_read_from_memory(&image, file, size))
		return fail(picture, image.message);
	if (!fits(picture, image.width, image.height, max)) {
		image.format = PNG_FORMAT_RGB;
		r = png_image_finish_read(&image, NULL, pixels, 0, NULL) ?
			    0 : fail(picture, image.message);
	}
	png_image_free(&image);
	return r;
}

struct jpeg_error {
	struct jpeg_error_mgr	mgr;
	jmp_buf			out;
	struct picture		*picture;
};

static void on_jpeg_error(j_common_ptr info)
{
	struct jpeg_error *error = (struct jpeg_error *)info->err;
	char why[JMSG_LENGTH_MAX];

	error->mgr.format_message(info, why);
	fail(error->picture, why);
	longjmp(error->out, 1);
}

static void ignore(j_common_ptr info)
{
}

static int decode_jpeg(const unsigned char *file, size_t size, unsigned char *pixels, size_t max,
		       struct picture *picture)
{
	struct jpeg_decompress_struct info;
	struct jpeg_error error = { .picture = picture };
	volatile int r = -1;

	info.err = jpeg_std_error(&error.mgr);
	error.mgr.error_exit = on_jpeg_error;
	error.mgr.output_message = ignore;
	if (setjmp(error.out)) {
		jpeg_destroy_decompress(&info);
		return -1;
	}
	jpeg_create_decompress(&info);
	jpeg_mem_src(&info, file, size);
	jpeg_read_header(&info, TRUE);
	info.out_color_space = JCS_RGB;
	jpeg_start_decompress(&info);
	if (!fits(picture, info.output_width, info.output_height, max)) {
		while (info.output_scanline < info.output_height) {
			JSAMPROW row = pixels + 3UL * info.output_width * info.output_scanline;

			jpeg_read_scanlines(&info, &row, 1);
		}
		jpeg_finish_decompress(&info);
		r = 0;
	}
	jpeg_destroy_decompress(&info);
	return r;
}

int decode(const unsigned char *file, size_t size, unsigned char *pixels, size_t max,
	   struct picture *picture)
{
	static const unsigned char png[] = { 0x89, 'P', 'N', 'G' }, jpeg[] = { 0xff, 0xd8, 0xff };

	memset(picture, 0, sizeof(*picture));
	if (size > sizeof(png) && !memcmp(file, png, sizeof(png)))
		return decode_png(file, size, pixels, max, picture);
	if (size > sizeof(jpeg) && !memcmp(file, jpeg, sizeof(jpeg)))
		return decode_jpeg(file, size, pixels, max, picture);
	return fail(picture, "neither PNG nor JPEG");
}
