#include "supervisor/timings.h"

void sy_timings_shorten(struct sy_timings *timings, unsigned int minute_s)
{
	int64_t minute_ms = (int64_t)minute_s * 1000;

	timings->gone_ms = minute_ms;
	timings->refused_ms = minute_ms;
	timings->absent_ms = minute_ms;
	timings->discovery_ms = minute_ms;
	timings->resolve_ms = minute_ms;
}
