"use strict";

(() => {

	const ENDPOINT = "actuator/smsbalance";
	const POLL_MILLIS = 1000;
	// The endpoint asks the provider at most once a second
	const AGAIN_MILLIS = 1100;
	const MAX_TRIES = 5;
	const MIN_WINDOW_SECONDS = 60;
	const MAX_WINDOW_SECONDS = 600;

	const cards = new Map();
	let demo = false;

	// --- Text ---

	/** Shows a decimal string: its digits as they are, at least two decimals, thousands apart. */
	function amount(decimal) {
		const [, sign, whole, fraction] = /^(-?)(\d+)\.?(\d*)$/.exec(decimal);
		return sign.replace("-", "\u2212") + whole.replace(/\B(?=(\d{3})+$)/g, ",") + "."
			+ fraction.replace(/0+$/, "").padEnd(2, "0");
	}

	/** Turns the text of an integer number of ten-thousandths into a decimal string. */
	function fromX10000(integer) {
		const digits = integer.replace("-", "").padStart(5, "0");
		return (integer.startsWith("-") ? "-" : "") + digits.slice(0, -4) + "." + digits.slice(-4);
	}

	function duration(seconds) {
		const whole = Math.max(0, Math.floor(seconds));
		if (whole < 60) {
			return `${whole} s`;
		}
		return (whole < 3600) ? `${Math.floor(whole / 60)} min ${whole % 60} s`
			: `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min`;
	}

	function clockTime(millis) {
		return new Date(millis).toLocaleTimeString("en-GB");
	}

	/** Reads what java.time.Duration writes, in milliseconds. */
	function parseDuration(text) {
		const [, hours, minutes, seconds] = /^PT(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?[\d.]+)S)?$/.exec(text);
		return ((Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds ?? 0)) * 1000;
	}

	function meaning(account) {
		const low = amount(account.threshold.low);
		switch (account.state) {
			case "OK":
				return `Enough: at or above ${amount(account.threshold.warning ?? account.threshold.low)}.`;
			case "WARNING":
				return `Below the warning threshold of ${amount(account.threshold.warning)}. Top up soon.`;
			case "LOW":
				return `Below the low threshold of ${low}. Top up now.`;
			case "REJECTED":
				return "EngageLab refuses the credentials" + (account.readAt ? ": this is the last amount read." : ".");
			case "UNAVAILABLE":
				return "No answer for too long" + (account.readAt ? ": this is the last amount read." : ".");
			default:
				return account.hint ?? "Nothing has been read yet.";
		}
	}

	function setText(element, text) {
		if (element.textContent !== text) {
			element.textContent = text;
		}
	}

	function report(element, text, error) {
		element.classList.toggle("error", Boolean(error));
		setText(element, text);
	}

	// --- HTTP ---

	async function call(method, url) {
		const response = await fetch(url, { method, cache: "no-store", signal: AbortSignal.timeout(30_000) });
		const body = await response.text();
		if (!response.ok) {
			throw new Error(problem(body) ?? `The application answered HTTP ${response.status}`);
		}
		// Keeps integers as text where the browser can: they may exceed what a number holds exactly
		return body ? JSON.parse(body, (key, value, context) =>
			key.endsWith("10000") ? (context?.source ?? String(value)) : value) : null;
	}

	function problem(body) {
		try {
			return JSON.parse(body).detail;
		}
		catch {
			return undefined;
		}
	}

	// --- Chart ---

	function color(name) {
		return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
	}

	function font() {
		return `11px ${getComputedStyle(document.body).fontFamily}`;
	}

	/** The reads of the last minutes, the thresholds, and dashed what is only assumed since the last read. */
	class Chart {

		constructor(element) {
			this.element = element;
			this.times = [];
			this.values = [];
			this.decimals = [];
			this.thresholds = [];
			this.now = 0;
			const axis = { font: font(), stroke: () => color("muted"), ticks: { show: false } };
			const grid = { stroke: () => color("line"), width: 1 };
			this.plot = new uPlot({
				width: element.clientWidth,
				height: element.clientHeight,
				padding: [8, 8, 0, 0],
				legend: { show: false },
				cursor: { show: false },
				scales: { x: { range: () => this.window() }, y: { range: () => this.range() } },
				axes: [
					{ ...axis, grid: { show: false }, size: 24, gap: 4, space: 76,
						incrs: [5, 10, 15, 30, 60, 120, 300],
						values: (plot, splits) => splits.map((split) => clockTime(split * 1000)) },
					{ ...axis, grid, space: 32, gap: 6,
						size: (plot, labels) => 14 + 7 * Math.max(2, ...(labels ?? []).map((label) => label.length)) }
				],
				series: [{}, { stroke: () => color("accent"), width: 2, paths: uPlot.paths.stepped({ align: 1 }),
					points: { show: true, size: 5, fill: () => color("accent") } }],
				hooks: { draw: [(plot) => this.drawExtras(plot)] }
			}, [this.times, this.values], element);
			new ResizeObserver(() => this.plot.setSize({ width: element.clientWidth, height: element.clientHeight }))
				.observe(element);
			matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.plot.redraw());
		}

		add(millis, decimal) {
			const time = millis / 1000;
			if (this.times.length && time <= this.times.at(-1)) {
				return;
			}
			this.times.push(time);
			this.values.push(Number(decimal));
			this.decimals.push(decimal);
			// The newest one that is out of sight stays, for the line to begin at the edge
			while (this.times.length > 1 && this.times[1] < time - MAX_WINDOW_SECONDS) {
				[this.times, this.values, this.decimals].forEach((list) => list.shift());
			}
		}

		draw(nowMillis, thresholds) {
			this.now = nowMillis / 1000;
			this.thresholds = Object.entries(thresholds);
			this.plot.setData([this.times, this.values]);
			this.element.dataset.points = this.times.length;
			this.element.setAttribute("aria-label", this.times.length ? `${this.times.length} reads in the last `
				+ `${duration(this.now - this.times[0])}, from ${amount(this.decimals[0])} to `
				+ `${amount(this.decimals.at(-1))}; `
				+ this.thresholds.map(([level, decimal]) => `${level} threshold ${amount(decimal)}`).join(", ")
				: "No read yet");
		}

		window() {
			const seconds = this.times.length ? this.now - this.times[0] : 0;
			return [this.now - Math.min(Math.max(seconds, MIN_WINDOW_SECONDS), MAX_WINDOW_SECONDS), this.now];
		}

		range() {
			const all = [0, ...this.values, ...this.thresholds.map(([, decimal]) => Number(decimal))];
			const min = Math.min(...all);
			const max = Math.max(...all);
			const room = (max - min || 1) * 0.12;
			return [(min < 0) ? min - room : 0, max + room];
		}

		drawExtras(plot) {
			const { ctx, bbox } = plot;
			const ratio = uPlot.pxRatio;
			const line = (style, dash, x, y) => {
				ctx.strokeStyle = style;
				ctx.setLineDash(dash.map((part) => part * ratio));
				ctx.beginPath();
				ctx.moveTo(x, y);
				ctx.lineTo(bbox.left + bbox.width, y);
				ctx.stroke();
			};
			ctx.save();
			ctx.beginPath();
			ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
			ctx.clip();
			ctx.lineWidth = 1.5 * ratio;
			ctx.textAlign = "left";
			ctx.font = `${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
			for (const [level, decimal] of this.thresholds) {
				const y = plot.valToPos(Number(decimal), "y", true);
				line(color(level), [6, 4], bbox.left, y);
				ctx.fillStyle = color(level);
				// Outwards, so that two that are close do not write over each other
				const below = level === "low" && this.thresholds.length > 1 && bbox.top + bbox.height - y > 16 * ratio;
				ctx.textBaseline = below ? "top" : "bottom";
				ctx.fillText(`${level} ${amount(decimal)}`, bbox.left + 4 * ratio, y + (below ? 3 : -2) * ratio);
			}
			if (this.times.length) {
				ctx.lineWidth = 2 * ratio;
				line(color("accent"), [2, 3], plot.valToPos(this.times.at(-1), "x", true),
					plot.valToPos(this.values.at(-1), "y", true));
			}
			ctx.restore();
		}

	}

	// --- Account ---

	class Card {

		constructor(name) {
			this.name = name;
			this.url = `${ENDPOINT}/${encodeURIComponent(name)}`;
			this.section = document.getElementById("account-template").content.cloneNode(true).firstElementChild;
			this.section.dataset.account = name;
			this.part("h2").id = `account-${cards.size}`;
			this.section.setAttribute("aria-labelledby", this.part("h2").id);
			this.part("h2").textContent = name;
			document.getElementById("accounts").append(this.section);
			this.chart = new Chart(this.part(".chart"));
			const form = this.part(".demo");
			form.hidden = !demo;
			form.addEventListener("submit", (event) => {
				event.preventDefault();
				this.spend(form.elements.amount);
			});
			form.querySelectorAll("[data-action]").forEach((button) =>
				button.addEventListener("click", () => this.act(button.dataset.action, button.textContent)));
		}

		part(selector) {
			return this.section.querySelector(selector);
		}

		/** Takes over what the endpoint says of the account. */
		update(account) {
			this.account = account;
			this.received = performance.now();
			this.readAt = account.readAt ? Date.parse(account.readAt) : undefined;
			// By the server's clock, as all times are
			this.serverTime = account.readAt ? this.readAt + parseDuration(account.age) : Date.now();
			this.section.dataset.state = account.state;
			setText(this.part(".state"), account.state);
			setText(this.part(".meaning"), meaning(account));
			setText(this.part(".total"), account.totalBalance ? amount(account.totalBalance) : "\u2013");
			this.split(account);
			this.failure(account.failure);
			if (account.totalBalance) {
				this.chart.add(this.readAt, account.totalBalance);
			}
			this.tick();
		}

		split(account) {
			const known = account.totalBalance !== undefined;
			for (const [kind, x10000] of [["general", account.balance10000], ["gift", account.giftBalance10000]]) {
				setText(this.part(`.${kind}-balance`), known ? amount(fromX10000(x10000)) : "\u2013");
				this.part(`.split .${kind}`).style.flexGrow = known ? Math.max(0, Number(x10000)) : 0;
			}
		}

		failure(failure) {
			this.part(".failure").hidden = !failure;
			if (failure) {
				setText(this.part(".failure-name"), failure.name);
				setText(this.part(".failure-answer"), [`at ${clockTime(Date.parse(failure.at))}`,
					failure.status && `HTTP ${failure.status}`, failure.code && `code ${failure.code}`,
					failure.message].filter(Boolean).join(" \u00b7 "));
				setText(this.part(".failure-hint"), failure.hint);
			}
		}

		/** Lets time pass between two answers of the endpoint. */
		tick() {
			if (!this.account) {
				return;
			}
			const now = this.serverTime + performance.now() - this.received;
			const known = this.readAt !== undefined;
			setText(this.part(".age"), known ? `${duration((now - this.readAt) / 1000)} ago` : "never");
			setText(this.part(".read-at"), known ? `at ${clockTime(this.readAt)}` : "");
			const next = this.account.nextRefresh ? (Date.parse(this.account.nextRefresh) - now) / 1000 : undefined;
			setText(this.part(".next"), (next === undefined) ? "on demand"
				: (next < 1) ? "now" : `in ${duration(next)}`);
			this.chart.draw(now, this.account.threshold);
		}

		spend(input) {
			const value = input.value.trim();
			const valid = /^\d+(\.\d{1,4})?$/.test(value) && /[1-9]/.test(value);
			input.setAttribute("aria-invalid", String(!valid));
			if (valid) {
				this.act(`spend?amount=${value}`, `Spend ${value}`);
			}
			else {
				report(this.part(".result"), "The amount must be positive, with at most 4 decimals.", true);
			}
		}

		/** Changes the simulated account, then asks for refreshes until that shows. */
		async act(action, label) {
			const result = this.part(".result");
			const before = this.account.totalBalance;
			const shows = action.startsWith("fail") ? (account) => account.failure
				: (action === "recover") ? (account) => !account.failure
				: (account) => account.failure || account.totalBalance !== before;
			report(result, `${label}: reading the balance again \u2026`);
			try {
				await call("POST", `demo/${action}${action.includes("?") ? "&" : "?"}account=${encodeURIComponent(this.name)}`);
				this.update(await call("POST", this.url));
				for (let tries = 1; !shows(this.account) && tries < MAX_TRIES; tries++) {
					await new Promise((resolve) => setTimeout(resolve, AGAIN_MILLIS));
					this.update(await call("POST", this.url));
				}
				const { state, failure, totalBalance } = this.account;
				report(result, failure ? `${label}: the read failed with ${failure.name}, the state is ${state}.`
					: `${label}: the balance is ${amount(totalBalance)}, the state is ${state}.`);
			}
			catch (ex) {
				report(result, `${label}: ${ex.message}`, true);
			}
		}

	}

	// --- Page ---

	function show({ accounts }) {
		for (const [name, account] of Object.entries(accounts)) {
			if (!cards.has(name)) {
				cards.set(name, new Card(name));
			}
			cards.get(name).update(account);
		}
	}

	let polling = false;

	async function poll() {
		cards.forEach((card) => card.tick());
		if (polling) {
			return;
		}
		polling = true;
		const trouble = document.getElementById("trouble");
		try {
			show(await call("GET", ENDPOINT));
			trouble.hidden = true;
		}
		catch (ex) {
			setText(trouble, `This page cannot reach its application (${ex.message}). It shows what it knew last.`);
			trouble.hidden = false;
		}
		finally {
			polling = false;
		}
	}

	async function refresh() {
		const result = document.getElementById("refresh-result");
		report(result, "Reading \u2026");
		try {
			show(await call("POST", ENDPOINT));
			const failed = [...cards.values()].filter((card) => card.account.failure).length;
			report(result, (failed ? `${failed} of ${cards.size} reads failed` : "Read")
				+ ` at ${clockTime(Date.now())}`, failed);
		}
		catch (ex) {
			report(result, ex.message, true);
		}
	}

	async function start() {
		document.getElementById("refresh").addEventListener("click", refresh);
		try {
			demo = (await call("GET", "page.json")).demo;
		}
		catch {
			// Without the demo's buttons then; the polls tell what is wrong
		}
		if (demo) {
			setText(document.getElementById("intro"),
				"What is left of the prepaid credit, in account currency. This is a demo: EngageLab is simulated.");
		}
		poll();
		setInterval(poll, POLL_MILLIS);
	}

	start();

})();
