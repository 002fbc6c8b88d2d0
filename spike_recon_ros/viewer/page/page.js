// Copyright 2026 spike_recon_ros maintainers
// SPDX-License-Identifier: Apache-2.0
// The page of `spike-recon view`: pictures come as binary messages, everything else as JSON.
'use strict';

const $ = (id) => document.getElementById(id);
const PARTS = { camera: 'Camera', network: 'Network', node: 'Node', viewer: 'Subscribers' };
const SLOW_ROUND_MS = 700;
const state = {
  socket: null, hello: null, panes: {}, charts: {}, controls: {}, log: [], frame: 0, frames: 0,
  playing: null, lastPicture: 0, lastText: 0, lastRound: 0, retry: 500, at: null,
  wanted: null, asked: false,
};

// --- connection ----------------------------------------------------------------------------

function connect() {
  const socket = state.socket = new WebSocket(`ws://${location.host}/socket`);
  socket.binaryType = 'arraybuffer';
  socket.onmessage = (event) => {
    state.retry = 500;
    state.lastText = performance.now();
    if (typeof event.data === 'string') receive(JSON.parse(event.data));
    else showPicture(event.data);
  };
  socket.onclose = () => {
    state.socket = null;
    chip('page', 'This page', 'error');
    verdict('error', 'Network: this page has lost its connection to the robot. Check the network ' +
      'between them, and whether `spike-recon view` still runs. Trying again ...');
    setTimeout(connect, state.retry);
    state.retry = Math.min(5000, state.retry * 2);
  };
}

function send(message) {
  if (state.socket && state.socket.readyState === WebSocket.OPEN) {
    state.socket.send(JSON.stringify(message));
  }
}

function receive(message) {
  if (message.hello) build(message.hello);
  if (message.health) showHealth(message.health);
  if (message.values) showValues(message.values);
  if (message.recording) showRecording(message.recording);
  if (message.film) showFilm(message.film);
  if (message.at) showPlace(message.at);
  if (message.error) note(message.error);
  if (message.note) note(message.note);
  if (message.pong && state.onPong) state.onPong();
}

async function showPicture(data) {
  const bytes = new Uint8Array(data);
  const end = bytes.indexOf(10);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  const pane = state.panes[header.pane];
  try {
    const image = await createImageBitmap(new Blob([bytes.subarray(end + 1)]));
    if (pane) {
      if (pane.canvas.width !== image.width || pane.canvas.height !== image.height) {
        pane.canvas.width = image.width;
        pane.canvas.height = image.height;
      }
      pane.canvas.getContext('2d').drawImage(image, 0, 0);
      pane.figure.classList.remove('empty');
      pane.count += 1;
    }
    image.close();
  } finally {
    if (header.round) {
      state.lastPicture = performance.now();
      send({ seen: header.round });
      if (state.asked) nextFrame();
    }
  }
}

// --- building ------------------------------------------------------------------------------

function build(hello) {
  state.hello = hello;
  document.title = `${hello.title} - spike-recon`;
  $('title').textContent = hello.title;
  $('chips').replaceChildren();
  $('panes').replaceChildren();
  $('tools').replaceChildren();
  state.panes = {};
  for (const { name, title } of hello.panes) addPane(name, title);
  const isLive = hello.kind === 'live';
  $('live').hidden = !isLive;
  $('film').hidden = isLive;
  verdict('wait', isLive ? 'waiting for the node ...' : 'reading ...');
  if (isLive) buildLive(hello); else buildFilm(hello);
  for (const { name, title } of hello.panes) addPaneSwitch(name, title);
  if (state.wanted) send({ panes: state.wanted });
  chip('page', 'This page', 'ok');
}

function addPane(name, title) {
  const figure = document.createElement('figure');
  figure.className = 'empty';
  const caption = document.createElement('figcaption');
  const rate = document.createElement('span');
  caption.append(title, rate);
  const canvas = document.createElement('canvas');
  figure.append(caption, canvas);
  $('panes').append(figure);
  state.panes[name] = { figure, canvas, rate, count: 0, isWanted: true, title };
}

function addPaneSwitch(name, title) {
  const pane = state.panes[name];
  const label = document.createElement('label');
  const box = document.createElement('input');
  box.type = 'checkbox';
  box.checked = pane.isWanted = !state.wanted || state.wanted.includes(name);
  box.onchange = () => {
    pane.isWanted = box.checked;
    pane.figure.hidden = !box.checked;
    state.wanted = Object.keys(state.panes).filter((key) => state.panes[key].isWanted);
    send({ panes: state.wanted });
    if (state.hello.kind === 'film') seek(state.frame);
  };
  pane.figure.hidden = !box.checked;
  label.append(box, title);
  $('tools').append(label);
}

function button(text, title, action) {
  const made = document.createElement('button');
  made.textContent = text;
  made.title = title;
  made.onclick = action;
  $('tools').append(made);
  return made;
}

function snapshot() {
  for (const [name, pane] of Object.entries(state.panes)) {
    if (!pane.isWanted || pane.figure.classList.contains('empty')) continue;
    const link = document.createElement('a');
    link.href = `/snapshot/${encodeURIComponent(name)}?frame=${state.frame}`;
    link.download = '';
    link.click();
  }
}

function buildLive(hello) {
  button('Reset', 'zero the recurrent state', () => send({ do: 'reset' }));
  button('Snapshot', 'save the pictures that are shown', snapshot);
  state.record = button('Record', 'write the images to a bag on the robot', () =>
    send({ do: 'record', on: !state.record.classList.contains('on') }));
  $('charts').replaceChildren();
  state.charts = {
    fps: new Chart($('charts'), 'frames', ['node'], 'fps'),
    latency: new Chart($('charts'), 'latency', ['p50', 'p99'], 'ms'),
    queue: new Chart($('charts'), 'queue', ['packets'], ''),
    events: new Chart($('charts'), 'input', ['samples'], '/s'),
  };
  const list = $('controls').querySelector('div');
  list.replaceChildren();
  state.controls = {};
  for (const control of hello.controls) addControl(list, control);
  showValues(hello.values);
  for (const [part, title] of Object.entries(PARTS)) chip(part, title, '');
}

function buildFilm(hello) {
  button('Snapshot', 'save the pictures that are shown', snapshot);
  $('position').oninput = () => { pause(); seek(Number($('position').value)); };
  $('back').onclick = () => { pause(); seek(state.frame - 1); };
  $('forward').onclick = () => { pause(); seek(state.frame + 1); };
  $('play').onclick = () => (state.playing === null ? play() : pause());
  document.onkeydown = (event) => {
    if (['INPUT', 'SELECT', 'BUTTON'].includes(event.target.tagName)) return;
    if (event.key === ' ') { event.preventDefault(); $('play').click(); }
    if (event.key === 'ArrowLeft') $('back').click();
    if (event.key === 'ArrowRight') $('forward').click();
  };
  showFilm(hello.film);
  seek(0);
}

// --- controls ------------------------------------------------------------------------------

const CURVES = {
  line: [(u, a, b) => a + (b - a) * u, (v, a, b) => (v - a) / (b - a)],
  log: [(u, a, b) => a * (b / a) ** u, (v, a, b) => Math.log(v / a) / Math.log(b / a)],
  cube: [(u, a, b) => b * u ** 3, (v, a, b) => Math.cbrt(v / b)],
};

function addControl(list, control) {
  const box = document.createElement('div');
  box.className = 'control';
  const label = document.createElement('label');
  const hint = document.createElement('small');
  label.append(control.name);
  hint.textContent = control.description;
  box.append(label);
  const change = (value) => send({ set: control.name, value });
  if (control.kind === 'range') {
    const [toValue, toPlace] = CURVES[control.curve];
    const slider = Object.assign(document.createElement('input'),
      { type: 'range', min: 0, max: 1, step: 0.001 });
    const number = Object.assign(document.createElement('input'),
      { type: 'number', min: control.low, max: control.high, step: 'any' });
    slider.setAttribute('aria-label', control.name);
    const valueOf = () => {
      const value = toValue(Number(slider.value), control.low, control.high);
      return control.whole ? Math.round(value) : Number(value.toPrecision(3));
    };
    slider.oninput = () => { number.value = valueOf(); };
    slider.onchange = () => change(valueOf());
    number.onchange = () => change(Number(number.value));
    label.append(number);
    box.append(slider);
    state.controls[control.name] = (value) => {
      if (document.activeElement === number) return;
      number.value = Number(Number(value).toPrecision(6));
      slider.value = toPlace(value, control.low, control.high);
    };
  } else {
    const isSelect = control.kind === 'select';
    const input = document.createElement(isSelect ? 'select' : 'input');
    for (const choice of control.choices) input.append(new Option(choice, choice));
    input.onchange = () => change(input.value);
    label.append(input);
    state.controls[control.name] = (value) => { input.value = value; };
  }
  box.append(hint);
  list.append(box);
  state.controls[control.name](control.default);
}

function showValues(values) {
  for (const [name, value] of Object.entries(values)) {
    if (state.controls[name]) state.controls[name](value);
  }
}

function showRecording(recording) {
  state.record.classList.toggle('on', recording.on);
  state.record.textContent = recording.on ? `Stop (${recording.images} images)` : 'Record';
}

// --- health --------------------------------------------------------------------------------

function chip(name, title, level) {
  let made = $('chips').querySelector(`[data-name=${name}]`);
  if (!made) {
    made = document.createElement('span');
    made.dataset.name = name;
    made.textContent = title;
    $('chips').append(made);
  }
  made.className = `chip ${level}`;
}

function verdict(level, text) {
  $('verdict').className = level;
  if ($('verdict').textContent !== text) $('verdict').textContent = text;
}

function showHealth(health) {
  const problems = health.problems;
  for (const [part, title] of Object.entries(PARTS)) {
    // Without counters from the node, nothing is known of the other parts.
    const fine = health.values ? 'ok' : '';
    chip(part, title, part in problems ? (health.level === 'error' ? 'error' : 'warn') : fine);
  }
  const parts = Object.keys(PARTS).filter((part) => part in problems);
  if (parts.length) verdict(health.level, `${PARTS[parts[0]]}: ${problems[parts[0]]}`);
  else verdict(health.level, health.message === 'reconstructing' ? 'All is well: reconstructing' : health.message);
  $('problems').replaceChildren(...parts.slice(1).map((part) => item(`${PARTS[part]}: ${problems[part]}`)));
  for (const part of parts) remember(`${PARTS[part]}: ${problems[part]}`);
  if (health.values) showFigures(health);
}

function item(text) {
  const made = document.createElement('li');
  made.textContent = text;
  return made;
}

function remember(text) {
  const kind = text.replace(/[0-9.]+/g, '#');
  const now = Date.now();
  const known = state.log.find((entry) => entry.kind === kind);
  if (known) Object.assign(known, { text, latest: now, count: known.count + 1 });
  else state.log.push({ kind, text, first: now, latest: now, count: 1 });
  state.log.sort((a, b) => b.latest - a.latest).splice(20);
  $('log').querySelector('summary').textContent = `Recent problems (${state.log.length})`;
  $('log').querySelector('ul').replaceChildren(...state.log.map((entry) => item(
    `${new Date(entry.latest).toLocaleTimeString()} (${entry.count} s): ${entry.text}`)));
}

function showFigures(health) {
  const lost = Object.entries(health.losses).filter(([, [total]]) => total > 0);
  const figures = [
    ['frames/s', shortNumber(health.fps)],
    ['latency p50 ms', health.is_recording ? 'recording' : shortNumber(health.latency_p50_ms)],
    ['latency p99 ms', health.is_recording ? '' : shortNumber(health.latency_p99_ms)],
    ['step p50 ms', shortNumber(health.processing_p50_ms)],
    ['queue, packets', String(health.queue)],
    ['input/s', shortNumber(health.events_per_s)],
    ['packets/s', shortNumber(health.packets_per_s)],
    ['worker busy', health.busy === null ? '-' : `${Math.round(100 * health.busy)} %`],
    ...lost.map(([name, [total, now]]) => [name.replaceAll('_', ' '), String(total), now > 0]),
    ...Object.entries(health.resets).map(([reason, count]) => [`reset: ${reason}`, String(count)]),
  ];
  $('figures').replaceChildren(...figures.map(([title, text, isBad]) => {
    const box = document.createElement('div');
    box.className = isBad ? 'figure bad' : 'figure';
    const value = document.createElement('b');
    const label = document.createElement('span');
    value.textContent = text || '-';
    label.textContent = title;
    box.append(value, label);
    return box;
  }));
  state.charts.fps.add([health.fps]);
  state.charts.latency.add([health.latency_p50_ms, health.latency_p99_ms]);
  state.charts.queue.add([health.queue]);
  state.charts.events.add([health.events_per_s]);
  if ($('counters').open) {
    $('counters').querySelector('table').replaceChildren(
      ...Object.entries(health.values).map(([key, value]) => {
        const row = document.createElement('tr');
        for (const text of [key, value]) row.append(Object.assign(document.createElement('td'), { textContent: text }));
        return row;
      }));
  }
}

// --- recordings ----------------------------------------------------------------------------

function showFilm(film) {
  const had = state.frames;
  state.frames = film.frames;
  $('position').max = Math.max(0, film.frames - 1);
  const text = film.done ? film.message : `reconstructing: ${film.frames} frames so far`;
  verdict(film.level === 'error' ? 'error' : film.done ? 'ok' : 'wait', text);
  $('resets').replaceChildren(...film.resets.map((text) => item(`state reset ${text}`)));
  if (!had && film.frames) seek(0);
  if (state.at) showPlace(state.at);
}

function seek(frame) {
  state.frame = Math.min(Math.max(frame, 0), Math.max(0, state.frames - 1));
  $('position').value = state.frame;
  send({ seek: state.frame });
}

function showPlace(at) {
  state.at = at;
  $('place').textContent = `frame ${at.frame + 1} of ${state.frames}, ${at.seconds.toFixed(3)} s`;
}

function play() {
  if (state.frame >= state.frames - 1) state.frame = 0;
  state.playing = { begun: performance.now(), from: state.frame };
  $('play').textContent = 'pause';
  state.asked = true;
  seek(state.frame);
}

function pause() {
  state.playing = null;
  state.asked = false;
  $('play').textContent = 'play';
}

function nextFrame() {
  // After each frame that was shown: a slow connection skips frames instead of falling behind.
  if (state.playing === null) return;
  const perSecond = state.hello.fps * Number($('speed').value);
  const elapsed = (performance.now() - state.playing.begun) / 1000;
  const due = state.playing.from + Math.floor(elapsed * perSecond) + 1;
  const wait = (due - state.playing.from) / perSecond - elapsed;
  setTimeout(() => {
    if (state.playing === null) return;
    if (due >= state.frames) { seek(state.frames - 1); pause(); return; }
    seek(due);
  }, 1000 * wait);
}

$('speed').onchange = () => {
  if (state.playing) state.playing = { begun: performance.now(), from: state.frame };
};

// --- what only the page can see ------------------------------------------------------------

let noteTimer = 0;

function note(text) {
  $('note').textContent = text;
  $('note').hidden = false;
  clearTimeout(noteTimer);
  noteTimer = setTimeout(() => { $('note').hidden = true; }, 8000);
}

setInterval(() => {
  for (const pane of Object.values(state.panes)) {
    pane.rate.textContent = state.hello.kind === 'live' && pane.count ? `${pane.count} fps here` : '';
    pane.count = 0;
  }
  if (!state.socket || !state.hello || state.hello.kind !== 'live') return;
  const silent = performance.now() - state.lastText;
  if (silent > 4000) {
    chip('page', 'This page', 'error');
    verdict('error', `Network: nothing has come from the robot for ${Math.round(silent / 1000)} s; ` +
      'check the network between this page and the robot');
  } else {
    const isSlow = state.lastRound > SLOW_ROUND_MS;
    chip('page', 'This page', isSlow ? 'warn' : 'ok');
    if (isSlow) remember(`This page: the network to the robot is slow (${Math.round(state.lastRound)} ms)`);
  }
  const sent = performance.now();
  state.onPong = () => { state.lastRound = performance.now() - sent; };
  send({ ping: 1 });
}, 1000);

connect();
