#include "supervisor/plan/catalog.h"

#include <stdlib.h>
#include <string.h>

const char *sy_resource_state_name(enum sy_resource_state state)
{
	static const char *const names[SY_RESOURCE_STATE_MAX] = {"Pending", "Accepted", "Incompatible"};

	return state < SY_RESOURCE_STATE_MAX ? names[state] : names[0];
}

static const struct sy_served_resource *first_common(const struct sy_schema *schema, const struct sy_downstream *downstream,
						     const struct sy_schema_version **ret_version)
{
	for (size_t i = 0; i < schema->version_count; i++) {
		const struct sy_served_resource *served =
			sy_downstream_find(downstream, schema->group, schema->versions[i].name, schema->resource);

		if (served) {
			*ret_version = &schema->versions[i];
			return served;
		}
	}
	return NULL;
}

/* What the last complete answers say; "" = fine. */
static const char *compare(const struct sy_schema *schema, const struct sy_downstream *downstream, struct sy_match *match)
{
	const struct sy_schema_version *version = NULL;
	const struct sy_served_resource *served = first_common(schema, downstream, &version);

	if (!served)
		return sy_downstream_find(downstream, schema->group, NULL, schema->resource) ? "NoCommonVersion" : "NotServed";
	if (served->namespaced != schema->namespaced)
		return "ScopeMismatch";
	if (strcmp(served->kind, schema->kind) != 0)
		return "KindMismatch";
	match->version = version->name;
	match->has_status = version->has_status;
	match->usable = true;
	return "";
}

struct sy_match sy_match_resource(const struct sy_schema *schema, const struct sy_downstream *downstream, const struct sy_review *review)
{
	struct sy_match match = {.state = SY_RESOURCE_PENDING, .reason = "SchemaUnknown", .version = "", .absent_ms = -1, .unknown = true};
	enum sy_served_state served;
	const char *problem;

	if (!schema)
		return match;
	served = sy_downstream_state(downstream, schema->group);
	match.reason = "DiscoveryFailed";
	if (served == SY_SERVED_UNKNOWN)
		return match;
	match.unknown = false;
	match.denied = review && review->known && review->missing.count > 0;
	problem = compare(schema, downstream, &match);
	match.absent_ms = sy_downstream_absent_ms(downstream, schema->group, schema->resource);
	if (served == SY_SERVED_STALE)
		return match;
	match.state = problem[0] ? SY_RESOURCE_INCOMPATIBLE : SY_RESOURCE_ACCEPTED;
	match.reason = problem;
	if (match.state == SY_RESOURCE_ACCEPTED && match.denied)
		match.reason = "Unauthorized";
	else if (match.state == SY_RESOURCE_ACCEPTED && !match.has_status)
		match.reason = "NoStatusSubresource";
	return match;
}

bool sy_catalog_claimable(const char *resource)
{
	return sy_claim_possible(resource);
}

bool sy_catalog_claim_allowed(const struct sy_config *config, const char *resource)
{
	if (!sy_catalog_claimable(resource))
		return false;
	for (size_t i = 0; i < config->allow_claim_count; i++) {
		if (strcmp(config->allow_claims[i], resource) == 0)
			return true;
	}
	return false;
}

static void entry_done(struct sy_catalog_entry *entry)
{
	free(entry->group);
	free(entry->resource);
	free(entry->identity);
	free(entry->synced_version);
	free(entry->reason);
	free(entry->message);
	sy_strv_done(&entry->versions);
}

void sy_catalog_done(struct sy_catalog *catalog)
{
	for (size_t i = 0; i < catalog->count; i++)
		entry_done(&catalog->items[i]);
	free(catalog->items);
	*catalog = (struct sy_catalog){0};
}

static bool has_entry(const struct sy_catalog *catalog, const char *group, const char *resource, const char *identity)
{
	for (size_t i = 0; i < catalog->count; i++) {
		const struct sy_catalog_entry *entry = &catalog->items[i];

		if (strcmp(entry->group, group) == 0 && strcmp(entry->resource, resource) == 0 && strcmp(entry->identity, identity) == 0)
			return true;
	}
	return false;
}

static int missing_text(const struct sy_review *review, char **ret_text, struct sy_error *err)
{
	struct sy_buf text;

	sy_buf_init(&text, 256);
	if (sy_buf_add_str(&text, "missing verbs: ") < 0 || sy_strv_join(&review->missing, ",", review->missing.count, &text) < 0) {
		sy_buf_done(&text);
		return sy_error_oom(err);
	}
	*ret_text = sy_buf_take(&text);
	return 0;
}

/* Why a resource cannot be looked after whatever the cluster serves, NULL = it can. */
static const char *refused(const struct sy_knowledge *knowledge, const struct sy_export *export, const struct sy_named_resource *resource)
{
	enum sy_schema_state state;

	if (!sy_named_resource_possible(resource, export->facts.identity))
		return "NotSupported";
	if (sy_reviews_left_out(knowledge->reviews) > 0 && !sy_reviews_find(knowledge->reviews, resource->group, resource->resource))
		return "TooManyResources";
	state = sy_schemas_state(knowledge->schemas, sy_export_place(export), resource->schema);
	return state == SY_SCHEMA_NO_ROOM ? "TooManyResources" : state == SY_SCHEMA_MISSING ? "SchemaMissing" : NULL;
}

static int add_entry(struct sy_catalog *catalog, const char *group, const char *resource, const char *identity,
		     const struct sy_schema *schema, const char *problem, const struct sy_knowledge *knowledge, struct sy_error *err)
{
	const struct sy_review *review = sy_reviews_find(knowledge->reviews, group, resource);
	struct sy_match match = sy_match_resource(schema, knowledge->downstream, review);
	struct sy_catalog_entry *items, *entry;
	int r = 0;

	if (has_entry(catalog, group, resource, identity))
		return 0;
	if (catalog->count >= SY_MAX_CATALOG) {
		catalog->left_out++;
		return 0;
	}
	if (problem) {
		match.state = SY_RESOURCE_INCOMPATIBLE;
		match.reason = problem;
	}
	items = reallocarray(catalog->items, catalog->count + 1, sizeof(*items));
	if (!items)
		return sy_error_oom(err);
	catalog->items = items;
	entry = &items[catalog->count++];
	*entry = (struct sy_catalog_entry){.state = match.state};
	entry->group = strdup(group);
	entry->resource = strdup(resource);
	entry->identity = strdup(identity);
	entry->synced_version = strdup(match.state == SY_RESOURCE_ACCEPTED ? match.version : "");
	entry->reason = strdup(match.reason);
	if (!entry->group || !entry->resource || !entry->identity || !entry->synced_version || !entry->reason)
		return sy_error_oom(err);
	if (strcmp(match.reason, "Unauthorized") == 0)
		r = missing_text(review, &entry->message, err);
	else if (!(entry->message = strdup("")))
		r = sy_error_oom(err);
	for (size_t i = 0; r == 0 && schema && i < schema->version_count; i++)
		r = sy_strv_add(&entry->versions, schema->versions[i].name, err);
	if (r == 0 && entry->versions.count == 0) /* the type wants at least one */
		r = sy_strv_add(&entry->versions, "unknown", err);
	return r;
}

/* Core resources have no schema in kcp's export; v1 is what both sides have always served. */
static int add_claims(struct sy_catalog *catalog, const struct sy_export *export, const struct sy_knowledge *knowledge,
		      struct sy_error *err)
{
	for (size_t i = 0; i < export->facts.claim_count; i++) {
		const struct sy_claim *claim = &export->facts.claims[i];
		char core[] = "", v1[] = "v1", configmap[] = "ConfigMap", secret[] = "Secret";
		struct sy_schema_version version = {v1, true};
		struct sy_schema schema = {core, claim->resource, NULL, true, &version, 1};
		int r;

		if (claim->group[0] || !sy_catalog_claim_allowed(knowledge->config, claim->resource) || !sy_claim_reads(claim))
			continue;
		schema.kind = strcmp(claim->resource, "secrets") == 0 ? secret : configmap;
		r = add_entry(catalog, "", claim->resource, "", &schema, NULL, knowledge, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct sy_catalog_entry *left = a, *right = b;
	int order = strcmp(left->group, right->group);

	if (order == 0)
		order = strcmp(left->resource, right->resource);
	return order ? order : strcmp(left->identity, right->identity);
}

int sy_catalog_build(const struct sy_knowledge *knowledge, struct sy_catalog *ret_catalog, struct sy_error *err)
{
	struct sy_catalog catalog = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sy_exports_count(knowledge->exports); i++) {
		const struct sy_export *export = sy_exports_at(knowledge->exports, i);

		if (export->retired || !export->known)
			continue;
		for (size_t j = 0; r == 0 && j < export->facts.resource_count; j++) {
			const struct sy_named_resource *resource = &export->facts.resources[j];
			const struct sy_schema *schema = NULL;

			if (sy_named_resource_possible(resource, export->facts.identity))
				schema = sy_schemas_get(knowledge->schemas, sy_export_place(export), resource->schema, true);
			r = add_entry(&catalog, resource->group, resource->resource, export->facts.identity, schema,
				      refused(knowledge, export, resource), knowledge, err);
		}
		if (r == 0)
			r = add_claims(&catalog, export, knowledge, err);
	}
	if (r < 0) {
		sy_catalog_done(&catalog);
		return r;
	}
	if (catalog.count > 1)
		qsort(catalog.items, catalog.count, sizeof(*catalog.items), compare_entries);
	*ret_catalog = catalog;
	return 0;
}

size_t sy_catalog_count(const struct sy_catalog *catalog, enum sy_resource_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < catalog->count; i++)
		count += catalog->items[i].state == state;
	return count;
}
