/* syncerd-sim [--seed FILE] [--kcp-port N] [--cluster-port N]
 * Prints one line of JSON with both URLs when it is ready, and runs until SIGTERM or SIGINT, or until its parent dies. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/num.h"
#include "sim.h"

struct options {
	const char *seed;
	int64_t ports[SIM_SIDE_MAX];
};

static int usage(FILE *to, int code)
{
	fputs("usage: syncerd-sim [--seed FILE] [--kcp-port N] [--cluster-port N]\n", to);
	return code;
}

static int parse(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {{"seed", required_argument, NULL, 's'},
					      {"kcp-port", required_argument, NULL, 'k'},
					      {"cluster-port", required_argument, NULL, 'c'},
					      {"help", no_argument, NULL, 'h'},
					      {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option == 's')
			options->seed = optarg;
		else if (option == 'h')
			return usage(stdout, 1);
		else if ((option != 'k' && option != 'c') ||
			 !sy_num_parse(optarg, 0, 65535, &options->ports[option == 'k' ? SIM_KCP : SIM_CLUSTER]))
			return usage(stderr, -1);
	}
	return optind == argc ? 0 : usage(stderr, -1);
}

static void on_signal(void *arg, int signum)
{
	(void)signum;
	sy_loop_stop(arg);
}

static int start(struct sim *sim, const struct options *options, struct sy_error *err)
{
	for (int side = 0; side < SIM_SIDE_MAX; side++) {
		struct sim_server *server = &sim->servers[side];
		int r;

		server->sim = sim;
		server->side = (enum sim_side)side;
		server->settings = (struct sim_settings){.bookmark_ms = 60000, .streaming_list = true, .slice_controller = true};
		server->requests = json_object_new_object();
		sim_store_init(server);
		sim_types_builtin(server);
		r = sim_http_start(server, (uint16_t)options->ports[side], err);
		if (r < 0)
			return r;
	}
	sim_workspace_new(&sim->servers[SIM_KCP], "root", "root");
	return options->seed ? sim_seed_load(sim, options->seed, err) : 0;
}

static void stop(struct sim *sim)
{
	for (int side = 0; side < SIM_SIDE_MAX; side++) {
		struct sim_server *server = &sim->servers[side];

		if (!server->sim)
			continue;
		sim_http_stop(server);
		sim_faults_clear(server);
		json_object_put(server->requests);
		json_object_put(server->settings.deny);
		json_object_put(server->settings.status);
		sim_store_free(server);
		sim_types_free(server);
	}
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct sim sim = {0};
	struct sy_error err = {0};
	struct sy_signal *signals[2] = {NULL, NULL};
	int r = parse(argc, argv, &options);

	if (r != 0)
		return r > 0 ? 0 : 2;
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)signal(SIGPIPE, SIG_IGN);
	r = sy_loop_new(&sim.loop, &err);
	if (r == 0)
		r = sy_signal_new(&signals[0], sim.loop, SIGTERM, on_signal, sim.loop, &err);
	if (r == 0)
		r = sy_signal_new(&signals[1], sim.loop, SIGINT, on_signal, sim.loop, &err);
	if (r == 0)
		r = start(&sim, &options, &err);
	if (r == 0) {
		printf("{\"kcp\":\"%s\",\"cluster\":\"%s\"}\n", sim.servers[SIM_KCP].url, sim.servers[SIM_CLUSTER].url);
		fflush(stdout);
		sy_loop_run(sim.loop);
	} else {
		fprintf(stderr, "syncerd-sim: %s\n", err.text);
	}
	stop(&sim);
	for (size_t i = 0; i < 2; i++)
		if (signals[i])
			sy_signal_free(signals[i]);
	if (sim.loop)
		sy_loop_free(sim.loop);
	return r == 0 ? 0 : 1;
}
