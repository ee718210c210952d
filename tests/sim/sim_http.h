/* Inside of the HTTP side. */
#ifndef SY_SIM_HTTP_H
#define SY_SIM_HTTP_H

#include <microhttpd.h>

#include "sim.h"

/* One HTTP request from its first byte to its end. */
struct sim_call {
	struct sim_call *next; /* while delayed */
	struct sim_server *server;
	struct MHD_Connection *connection;
	struct sy_buf body;
	struct sy_buf query; /* "a=b&c=d", decoded; for faults */
	struct sy_timer *timer;
	struct sim_answer answer;
	struct sim_watch_end end;
	size_t cut_at; /* break the answer off after so many bytes, 0 = no */
	bool is_done;  /* the answer is made (it may still be delayed) */
};

/* Queue the answer, spoiled as the call says. */
enum MHD_Result sim_http_answer(struct sim_call *call);

#endif
