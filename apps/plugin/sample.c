/* SPDX-License-Identifier: MIT */
/*
 * sample.c - a picture to decode, as a PNG or JPEG file
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

#include "plugin.h"

/* Something that compresses neither too well nor too badly. */
static unsigned char *draw(unsigned int width, unsigned int height)
{
	unsigned char *pixels = malloc(3UL * width * height), *p = pixels;
	unsigned int x, y;

	for (y = 0; p && y < height; y++)
		for (x = 0; x < width; x++) {
			*p++ = x * 255 / width;
			*p++ = y * 255 / height;
			*p++ = (x * x + y * y) / 64 + (x * 2654435761U >> 29);
		}
	return pixels;
}

static int write_jpeg(const char *path, unsigned int width, unsigned int height,
		      unsigned char *pixels)
{
	struct jpeg_compress_struct info;
	struct jpeg_error_mgr error;
	FILE *f = fopen(path, "wb");

	if (!f)
		return -errno;
	info.err = jpeg_std_error(&error);
	jpeg_create_compress(&info);
	jpeg_stdio_dest(&info, f);
	info.image_width = width;
	info.image_height = height;
	info.input_components = 3;
	info.in_color_space = JCS_RGB;
	jpeg_set_defaults(&info);
	jpeg_start_compress(&info, TRUE);
	while (info.next_scanline < height) {
		JSAMPROW row = pixels + 3UL * width * info.next_scanline;

		jpeg_write_scanlines(&info, &row, 1);
	}
	jpeg_finish_compress(&info);
	jpeg_destroy_compress(&info);
	return fclose(f) ? -errno : 0;
}

int write_sample(const char *path, unsigned int width, unsigned int height)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION, .width = width, .height = height,
		.format = PNG_FORMAT_RGB,
	};
	const char *dot = strrchr(path, '.');
	unsigned char *pixels;
	int r = 0;

	if (!width || !height || width > 16384 || height > 16384)
		return -EINVAL;
	pixels = draw(width, height);
	if (!pixels)
		return -ENOMEM;
	if (dot && !strcmp(dot, ".jpg"))
		r = write_jpeg(path, width, height, pixels);
	else if (!png_image_write_to_file(&image, path, 0, pixels, 0, NULL))
		r = -EIO;
	free(pixels);
	return r;
}
