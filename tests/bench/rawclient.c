/* rawclient drive|sync OPTIONS: see README.md. Tokens come from files, so that no secret is in the arguments. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>

#include "base/num.h"
#include "raw.h"

static const struct option longs[] = {
	{"write-url", required_argument, NULL, 'w'},
	{"write-ca", required_argument, NULL, 'a'},
	{"write-token", required_argument, NULL, 't'},
	{"watch-url", required_argument, NULL, 'W'},
	{"watch-ca", required_argument, NULL, 'A'},
	{"watch-token", required_argument, NULL, 'T'},
	{"prefix", required_argument, NULL, 'p'},
	{"count", required_argument, NULL, 'n'},
	{"concurrency", required_argument, NULL, 'c'},
	{"pad", required_argument, NULL, 'b'},
	{"status", no_argument, NULL, 's'},
	{"round", required_argument, NULL, 'r'},
	{"finalizer", required_argument, NULL, 'f'},
	{NULL, 0, NULL, 0},
};

static char *header_of(const char *path)
{
	FILE *file = fopen(path, "re");
	char token[8192] = "";
	char *header = NULL;

	if (!file || !fgets(token, sizeof(token), file)) {
		fprintf(stderr, "rawclient: cannot read a token from %s\n", path);
		exit(2);
	}
	fclose(file);
	token[strcspn(token, "\n")] = '\0';
	if (asprintf(&header, "Authorization: Bearer %s", token) < 0)
		abort();
	return header;
}

static int number(const char *text)
{
	int64_t value;

	if (!sy_num_parse(text, 0, 1000000, &value)) {
		fprintf(stderr, "rawclient: not a number: %s\n", text);
		exit(2);
	}
	return (int)value;
}

static void take(struct raw_options *options, int option)
{
	switch (option) {
	case 'w':
		options->write_url = optarg;
		break;
	case 'a':
		options->write_to.ca = optarg;
		break;
	case 't':
		options->write_to.token = header_of(optarg);
		break;
	case 'W':
		options->watch_url = optarg;
		break;
	case 'A':
		options->watch_at.ca = optarg;
		break;
	case 'T':
		options->watch_at.token = header_of(optarg);
		break;
	case 'p':
		options->prefix = optarg;
		break;
	case 'n':
		options->count = number(optarg);
		break;
	case 'c':
		options->concurrency = number(optarg);
		break;
	case 'b':
		options->pad = number(optarg);
		break;
	case 'r':
		options->round = number(optarg);
		break;
	case 'f':
		options->finalizer = optarg;
		break;
	case 's':
		options->is_status = true;
		break;
	default:
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct raw_options options = {.prefix = "raw", .count = 1, .concurrency = 1};
	int option;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1)
		take(&options, option);
	if (optind + 1 != argc || !options.write_url || !options.watch_url || !options.write_to.token || !options.watch_at.token ||
	    options.count < 1 || options.concurrency < 1) {
		fputs("usage: rawclient drive|sync --write-url U --write-ca F --write-token F --watch-url U --watch-ca F --watch-token F\n"
		      "       [--prefix P] [--count N] [--concurrency N] [--pad BYTES] [--status --round N] [--finalizer NAME]\n",
		      stderr);
		return 2;
	}
	if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
		return 1;
	return strcmp(argv[optind], "sync") == 0 ? raw_sync(&options) : raw_drive(&options);
}
