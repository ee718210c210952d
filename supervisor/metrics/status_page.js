'use strict';
(() => {
	const POLL_MS = 2000, PATIENCE_MS = 10000, ROWS = 50;
	const SHAPES = { good: 'M4 12.5l5 5L20 6.5', bad: 'M6 6l12 12M18 6L6 18', warn: 'M12 4L2.5 20h19zM12 10v4.5M12 17.4v.1', calm: 'M9 6v12M15 6v12',
		wait: 'M12 7v5l3.5 2M12 3a9 9 0 1 0 .01 0' };
	const PHASES = { Failed: 'bad', Degraded: 'warn', Draining: 'wait', Pending: 'wait', Starting: 'wait', Paused: 'calm', Refused: 'warn', Syncing: 'good' };
	const STATUSES = { True: 'good', False: 'bad', Unknown: 'warn' };
	const $ = (id) => document.getElementById(id);

	/* Everything that comes from syncerd is text, never markup; what would steer the reader's eyes is shown as its code. */
	const visible = (value) => String(value ?? '').replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
	const put = (node, value) => {
		const text = visible(value);
		if (node.textContent !== text) node.textContent = text;
	};
	const make = (name, className, ...children) => {
		const node = document.createElement(name);
		if (className) node.className = className;
		node.append(...children);
		return node;
	};
	const text = (name, className, value) => make(name, className, visible(value));
	const icon = (kind, node = make('span', 'icon')) => {
		const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg'), path = document.createElementNS(svg.namespaceURI, 'path');
		svg.setAttribute('viewBox', '0 0 24 24');
		path.setAttribute('d', SHAPES[kind]);
		svg.append(path);
		node.setAttribute('aria-hidden', 'true');
		node.replaceChildren(svg);
		return node;
	};
	const tag = (kind, ...words) => make('span', `tag ${kind}`, icon(kind), ...words);

	/* Numbers as syncerctl writes them. */
	const bytes = (n) => n <= 0 ? '-' : n < 1048576 ? `${Math.floor(n / 1024)}Ki` : `${(n / 1048576).toFixed(1)}Mi`;
	const age = (s) => s < 120 ? `${s}s` : s < 600 ? `${Math.floor(s / 60)}m${s % 60}s` : s < 10800 ? `${Math.floor(s / 60)}m`
		: s < 172800 ? `${Math.floor(s / 3600)}h` : `${Math.floor(s / 86400)}d`;
	const lag = (ms) => ms <= 0 ? '0' : ms < 10000 ? `${ms}ms` : age(Math.round(ms / 1000));
	const clock = (date) => date.toTimeString().slice(0, 8);

	/* --- tables: rows and cells stay the same nodes as long as their key does, so that nothing jumps while somebody reads or selects --- */

	/* A column: label, text(row), and perhaps number, wide, head, sort(row), node(row) in place of text, hot(row). */
	function table(id, columns, rowClass) {
		const node = $(id), body = make('tbody'), head = make('tr'), rows = new Map(), more = $(`${id}-more`);
		const state = { column: null, down: false, all: false, last: [] };
		const order = (list) => {
			const { column, down } = state, of = column?.sort ?? column?.text;
			if (!column) return list;
			return [...list].sort((a, b) => {
				if (a.top || b.top) return a.top ? -1 : 1;
				const x = of(a), y = of(b), result = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y));
				return down ? -result : result;
			});
		};
		const choose = (column) => { /* up, down, and back to how it came */
			const first = Boolean(column.number);
			if (state.column !== column) Object.assign(state, { column, down: first });
			else if (state.down === first) state.down = !first;
			else state.column = null;
			show(state.last);
		};
		for (const column of columns) {
			const th = make('th', column.number ? 'number' : '');
			th.scope = 'col';
			th.setAttribute('role', 'columnheader');
			column.th = th;
			if (more) {
				const button = text('button', '', column.label);
				button.type = 'button';
				button.addEventListener('click', () => choose(column));
				th.append(button);
			} else th.textContent = column.label;
			head.append(th);
		}
		head.setAttribute('role', 'row');
		const thead = make('thead', '', head);
		for (const group of [thead, body]) group.setAttribute('role', 'rowgroup');
		node.append(thead, body);
		more?.addEventListener('click', () => { state.all = !state.all; show(state.last); });

		const fresh = () => {
			const tr = make('tr');
			tr.setAttribute('role', 'row');
			tr.seen = [];
			for (const column of columns) {
				const cell = make(column.head ? 'th' : 'td', column.number ? 'number' : column.wide ? 'text' : column.head ? '' : 'state');
				cell.setAttribute('role', column.head ? 'rowheader' : 'cell');
				if (column.head) cell.scope = 'row';
				cell.dataset.label = column.label;
				tr.append(cell);
			}
			return tr;
		};
		const fill = (tr, row) => {
			tr.className = rowClass?.(row) ?? '';
			columns.forEach((column, i) => {
				const value = column.text(row), cell = tr.cells[i];
				cell.classList.toggle('hot', Boolean(column.hot?.(row)));
				if (tr.seen[i] === value) return;
				tr.seen[i] = value;
				cell.classList.toggle('empty', value === '' || value === '-');
				if (column.node) cell.replaceChildren(...column.node(row));
				else cell.replaceChildren(text('span', 'bidi', value));
			});
		};
		function show(list) {
			state.last = list;
			const sorted = order(list), shown = state.all ? sorted : sorted.slice(0, ROWS), keys = new Set(shown.map((row) => row.key));
			for (const [key, tr] of rows) if (!keys.has(key)) { tr.remove(); rows.delete(key); }
			shown.forEach((row, i) => {
				if (!rows.has(row.key)) rows.set(row.key, fresh());
				const tr = rows.get(row.key);
				fill(tr, row);
				if (body.rows[i] !== tr) body.insertBefore(tr, body.rows[i] ?? null);
			});
			for (const column of columns) {
				if (column === state.column) column.th.setAttribute('aria-sort', state.down ? 'descending' : 'ascending');
				else column.th.removeAttribute('aria-sort');
			}
			node.hidden = list.length === 0;
			if (more) {
				more.hidden = list.length <= ROWS;
				put(more, state.all ? `Show the first ${ROWS} only` : `Show all ${list.length}`);
			}
		}
		return show;
	}

	const nameOf = (w) => w.path || w.cluster || '-';
	const phase = (word) => [tag(PHASES[word] ?? 'wait', text('span', '', word || '-'))];
	const reason = (w) => [text('b', 'bidi', w.reason), ...(w.message ? [text('span', 'sub bidi', w.message)] : [])];
	const workspace = (w) => [text('span', 'bidi', nameOf(w)), ...(w.path && w.cluster ? [text('span', 'sub mono bidi', w.cluster)] : [])];
	const both = (...values) => values.join('\u0001'); /* of a cell that is made of several: whether it has changed */
	const number = (label, key, hot) => ({ label, number: true, text: (w) => String(w[key] ?? 0), sort: (w) => w[key] ?? 0, hot: hot && ((w) => w[key] > 0) });

	const showWorkspaces = table('workspaces', [
		{ label: 'Workspace', head: true, text: (w) => both(w.path, w.cluster), sort: nameOf, node: workspace },
		{ label: 'State', text: (w) => w.state, sort: (w) => Object.keys(PHASES).indexOf(w.state), node: (w) => phase(w.state) },
		{ label: 'Reason', wide: true, text: (w) => w.reason || w.message ? both(w.reason, w.message) : '', node: reason },
		number('Objects', 'objects'), number('Synced', 'synced'), number('Pending', 'pending'), number('Failing', 'failing', true),
		{ label: 'Lag', number: true, text: (w) => lag(w.lagMs), sort: (w) => w.lagMs ?? 0 },
		{ label: 'PID', number: true, text: (w) => String(w.pid || '-'), sort: (w) => w.pid ?? 0 },
	]);
	const showProcesses = table('processes', [
		{ label: 'Process', head: true, text: (p) => both(p.name, p.of), node: (p) => [text('span', 'bidi', p.of || p.name), ...(p.of ? [text('span', 'sub', p.name)] : [])] },
		{ label: 'State', text: (p) => p.state },
		{ label: 'PID', number: true, text: (p) => String(p.pid || '-'), sort: (p) => p.pid },
		{ label: 'Memory', number: true, text: (p) => bytes(p.memory), sort: (p) => p.memory },
		{ label: 'Up', number: true, text: (p) => p.pid ? age(p.up) : '-', sort: (p) => p.up },
		{ label: 'Restarts', number: true, text: (p) => String(p.restarts ?? '-'), sort: (p) => p.restarts ?? -1 },
		{ label: 'Last exit', wide: true, text: (p) => p.exit },
	], (p) => p.of ? 'child' : '');
	const showConditions = table('conditions', [
		{ label: 'Condition', head: true, text: (c) => c.type ?? '' },
		{ label: 'Status', text: (c) => c.status ?? '', node: (c) => [tag(STATUSES[c.status] ?? 'warn', text('span', '', c.status))] },
		{ label: 'Reason', wide: true, text: (c) => c.reason ?? '' },
		{ label: 'Message', wide: true, text: (c) => c.message ?? '' },
	]);

	/* --- the parts of the page --- */

	let data = null, heard = null;

	const verdict = (kind, word, why) => {
		const key = both(kind, word, why), node = $('verdict');
		if (node.dataset.key === key) return; /* or it would be read out every two seconds */
		node.dataset.key = key;
		node.className = `verdict ${kind}`;
		icon(kind, $('verdict-icon'));
		put($('verdict-word'), word);
		put($('verdict-why'), why);
		document.title = `${visible(word)} \u2013 ${$('name').textContent}`;
	};
	const pairs = (id, list) => {
		const key = JSON.stringify(list), node = $(id);
		if (node.dataset.key === key) return;
		node.dataset.key = key;
		node.replaceChildren(...list.filter(([, value]) => value !== '').map(([name, value, kind]) => {
			const both = [text('dt', '', name), text('dd', 'bidi', value)];
			return id === 'facts' ? both : [make('div', kind ?? '', ...both)];
		}).flat());
	};
	const checks = (list) => {
		const key = JSON.stringify(list), node = $('checks');
		if (node.dataset.key === key) return;
		node.dataset.key = key;
		node.replaceChildren(...[...list].sort((a, b) => a.ok - b.ok).map((check) => make('li', '', tag(check.ok ? 'good' : 'bad',
			text('span', 'bidi', check.ok ? `${check.name} ok` : `${check.name} failed: ${check.reason}`)))));
	};
	const server = (s) => s.reachable ? `${s.server}${s.version ? ` (${s.version})` : ''}${s.message ? `: ${s.message}` : ''}`
		: `${s.server} (not reachable${s.message ? `: ${s.message}` : ''})`;
	const sum = (list, key) => list.reduce((total, item) => total + Math.max(0, item[key] ?? 0), 0);

	const processes = (status, workspaces) => [
		{ key: '', top: true, name: 'syncerd', pid: status.pid, state: 'Running', memory: status.anonymousBytes, up: status.uptimeSeconds, exit: '' },
		...workspaces.filter((w) => w.process).map((w) => ({ key: w.cluster, name: 'syncer-worker', of: nameOf(w), pid: w.pid, state: w.process,
			memory: w.anonymousBytes, up: w.uptimeSeconds, restarts: w.restarts, exit: [w.lastExit, w.lastExitDetail].filter(Boolean).join(': ')
				+ (w.retryInMs > 0 ? `, next start in ${lag(w.retryInMs)}` : '') })),
	];
	const matches = (w, words) => {
		const all = [w.path, w.cluster, w.state, w.reason, w.message, w.process, w.lastExit, w.pid].join(' ').toLowerCase();
		return words.every((word) => all.includes(word));
	};

	function render() {
		const { status, health, workspaces, phases } = data, target = status.syncTarget;
		const words = $('filter').value.toLowerCase().split(/\s+/).filter(Boolean), found = workspaces.filter((w) => matches(w, words));
		const failed = health.checks.filter((check) => !check.ok), count = (key) => sum(workspaces, key);
		put($('name'), target ? `${target.name} in ${target.path || target.cluster || '-'}` : status.identity);
		put($('about'), `syncerd ${status.version}, ${status.mode} mode, up ${age(status.uptimeSeconds)}`);
		verdict(health.ready ? 'good' : 'bad', health.ready ? 'Ready' : 'Not ready',
			failed.length ? failed.map((check) => `${check.name}: ${check.reason}`).join('; ') : `${status.workspaces.ready} of ${status.workspaces.total} workspaces syncing`);
		checks(health.checks);
		pairs('numbers', [['Syncing', `${status.workspaces.ready} of ${status.workspaces.total}`],
			...Object.entries(phases).filter(([name, n]) => n > 0 && name !== 'Syncing').map(([name, n]) => [name, String(n), PHASES[name]]),
			['Objects', String(count('objects'))], ['Failing', String(count('failing')), count('failing') ? 'bad' : ''],
			['Greatest lag', lag(Math.max(0, ...workspaces.map((w) => w.lagMs ?? 0)))], ['Restarts', String(count('restarts'))],
			['Memory', bytes(count('anonymousBytes') + Math.max(0, status.anonymousBytes))]]);
		put($('workspaces-note'), workspaces.length === 0 && !data.unlisted ? 'No workspaces: no consumer has bound a supported export yet.'
			: (found.length < workspaces.length ? `${found.length} of ${workspaces.length} match. ` : '')
			+ (data.unlisted ? `The worst ${workspaces.length} are listed, ${data.unlisted} more are not (metrics.maxWorkspaces).` : ''));
		showWorkspaces(found.map((w) => ({ ...w, key: w.cluster })));
		showProcesses(processes(status, found));
		$('s-conditions').hidden = !target;
		put($('conditions-note'), target && !status.upstream.reachable ? 'kcp does not answer: this is how they were when it last did.' : '');
		showConditions((target?.conditions ?? []).map((c) => ({ ...c, key: c.type })));
		pairs('facts', [['Identity', status.identity], ['kcp', server(status.upstream)], ['Cluster', server(status.downstream)], ['Limits', status.workerLimits],
			...(target ? [['Key', target.key], ['UID', target.uid], ['Heartbeat', target.lastHeartbeatTime || 'never']] : [])]);
	}

	const silent = (why) => {
		document.body.classList.add('stale');
		put($('updated'), heard ? `Last answer ${clock(heard)}` : '');
		verdict('bad', heard ? `No answer since ${clock(heard)}` : 'No answer', `${why}: what is below is old. This page goes on asking.`);
	};
	const answered = (next) => {
		if (data && data.status.version !== next.status.version) location.reload(); /* another syncerd has another page */
		data = next;
		heard = new Date();
		document.body.classList.remove('stale');
		put($('updated'), `Updated ${clock(heard)}`);
		render();
	};
	async function ask() {
		try {
			const options = { cache: 'no-store', credentials: 'omit', redirect: 'error', signal: AbortSignal.timeout(PATIENCE_MS) };
			const answer = await fetch('status.json', options).catch(() => null), next = answer?.ok ? await answer.json().catch(() => null) : null;
			if (next) answered(next);
			else silent(answer && !answer.ok ? `syncerd answers ${answer.status}` : 'syncerd does not answer');
		} finally {
			setTimeout(ask, POLL_MS);
		}
	}
	$('filter').addEventListener('input', () => { if (data) render(); });
	ask();
})();
