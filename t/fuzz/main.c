/*
 * main.c - runs a fuzz target over files with any compiler.
 *
 * Each file is read into an allocation of exactly its size, so that a sanitizer
 * sees the first byte read past the end.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	long size = -1;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0 ||
	    fseek(f, 0, SEEK_SET) != 0)
		goto fail;
	if ((data = malloc(size > 0 ? (size_t)size : 1)) == NULL)
		goto fail;
	if (fread(data, 1, (size_t)size, f) != (size_t)size)
		goto fail;
	fclose(f);
	if (size == 0) {	/* a target must not touch even one byte of nothing */
		free(data);
		data = NULL;
	}
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	return 0;
fail:
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	free(data);
	if (f != NULL)
		fclose(f);
	return -1;
}

int
main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++) {
		fprintf(stderr, "%s\n", argv[i]);	/* the last one named is the one that crashed */
		if (run_file(argv[i]) == -1)
			status = 74;
	}
	return status;
}
