// The operators' console: shows what /v1 tells, and asks it to act. All text from the service goes into text nodes, never into markup.

const STATES = ['due', 'working', 'waiting', 'held', 'settled'];
const REFRESH_MS = 5000;
const PATIENCE_MS = 20000;
const TYPING_MS = 300;
const PAGE = 50;
const TOKEN = 'tillbridge.token';
const UNKNOWN = 'This service does not know the token. Check it, or make a new one.';

const ACTIONS = {
  retry: { label: 'Retry', about: 'Try it now, with its attempts counted afresh.', said: 'It is tried now.' },
  release: { label: 'Release', about: 'Let a held order go on. What held it holds it again if it is still so.', said: 'It was released.' },
  skip: { label: 'Skip', about: 'Let its pending events go without doing anything.', said: 'Its pending events were let go.', ask: true },
  send: { label: 'Send', about: 'Decide on it now; both records are read afresh.', said: 'It is decided on now.' },
};

const TONES = {
  settled: 'good', synced: 'good', done: 'good', closed: 'good',
  waiting: 'wait', ignored: 'wait', planned: 'wait',
  due: 'busy', working: 'busy', sent: 'busy', half_open: 'busy',
  held: 'bad', failed: 'bad', in_doubt: 'bad', open: 'bad',
};

const $ = (id) => document.getElementById(id);

// ---- The service ----

/** An answer that is no success, or none at all (status 0). */
class Refused extends Error {
  constructor(status, problem) {
    super([problem.detail ?? problem.title, problem.action].filter(Boolean).join(' ') || `The service answered ${status}.`);
    this.status = status;
    this.detail = problem.detail ?? this.message;
    this.slug = String(problem.type ?? '').replace('/problems/', '');
  }
}

/** Asks the service. 300 is an answer too: several orders to choose from. */
async function ask(path, method = 'GET') {
  let response;
  let body = {};
  try {
    response = await fetch(path, {
      method,
      headers: { Accept: 'application/json', Authorization: `Bearer ${sessionStorage.getItem(TOKEN)}` },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await response.text();
    body = JSON.parse(text || '{}') ?? {};
  } catch (error) {
    if (!response || error.name === 'TimeoutError') {
      throw new Refused(0, { detail: 'The service does not answer.' });
    }
    throw new Refused(response.status, { detail: `Something between here and the service answered ${response.status}.` });
  }
  if (!response.ok && response.status !== 300) {
    throw new Refused(response.status, body);
  }
  return body;
}

/** The values that are there, as they stand in an address. */
const query = (values) => String(new URLSearchParams(Object.entries(values).filter(([, value]) => value)));

/** An address under /v1. */
const address = (path, values) => ['v1', ...path.map(encodeURIComponent)].join('/') + (query(values) && `?${query(values)}`);

// ---- Elements ----

/** An element; children are nodes or text, and what is null is left out. */
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === 'function') node.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

const shown = (value) => {
  if (value === null || value === undefined || value === '') return '–';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

const NAMES = { netsuite: 'NetSuite', x_series: 'X-Series' };

const words = (value) => (value ? NAMES[value] ?? String(value).replaceAll('_', ' ') : '–');

const badge = (word) => (word ? el('span', { class: `badge ${TONES[word] ?? ''}` }, words(word)) : null);

/** A time in this computer's zone; the UTC text is its title. */
function when(text) {
  const date = new Date(text ?? NaN);
  if (Number.isNaN(date.getTime())) return shown(text);
  const two = (number) => String(number).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return el('time', { datetime: text, title: text }, `${day} ${time}`);
}

const route = (values, text, attributes) => el('a', { href: `?${query(values)}`, 'data-route': true, ...attributes }, text);

/** A table. Each column is its name and what a row shows in it; the roles outlive the narrow layout. */
function table(caption, columns, rows, style) {
  const cell = (name, content) => {
    const none = content === null || content === undefined || content === '–';
    return el('td', { role: 'cell', 'data-name': name, class: none ? 'none' : null }, el('span', null, content ?? '–'));
  };
  return el('table', { role: 'table', 'aria-label': caption, class: style },
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' },
      columns.map(([name]) => el('th', { role: 'columnheader', scope: 'col' }, name)))),
    el('tbody', { role: 'rowgroup' }, rows.map((row) => el('tr', { role: 'row' },
      columns.map(([name, content]) => cell(name, content(row)))))));
}

const facts = (pairs) => el('dl', null, pairs.filter(Boolean).map(([name, value]) => [el('dt', null, name), el('dd', null, value)]));

const card = (title, ...content) => el('section', { class: 'card' }, el('h2', null, title), ...content);

const list = (tag, lines) => el(tag, null, lines.map((line) => el('li', null, shown(line))));

const array = (value) => (Array.isArray(value) ? value : []);

const raw = (key, title, value) => el('details', { 'data-key': key },
  el('summary', { 'data-key': `${key}/line` }, title), el('pre', { tabindex: '0' }, JSON.stringify(value, null, 2)));

// ---- Orders ----

const orderName = (order) => order.netsuite?.number ?? order.netsuite?.id ?? order.x_series?.number ?? order.x_series?.id ?? order.id;

function orderTable(orders) {
  const several = connections.length > 1;
  return table('Orders', [
    ['Sales order', (order) => route({ order: order.id }, orderName(order), { 'data-key': order.id })],
    ['Sale', (order) => shown(order.x_series?.number ?? order.x_series?.id)],
    ['Sale status', (order) => shown(order.x_series?.status)],
    ['State', (order) => badge(order.state)],
    ['Verdict', (order) => badge(order.verdict)],
    ['Reason', (order) => words(order.reason)],
    ...(several ? [['Connection', (order) => shown(order.connection)]] : []),
    ['Changed', (order) => when(order.updated_at)],
  ], orders);
}

const orders = {
  title: () => 'Orders',
  load: ({ state, q, connection, cursor }) => ask(address(['orders'], { state, q, connection, cursor, limit: PAGE })),
  draw(page, place) {
    const { q, cursor } = place;
    const items = array(page.items);
    const older = page.next_cursor ? route({ ...place, cursor: page.next_cursor }, 'Older orders', { 'data-key': 'older' }) : null;
    const newest = cursor ? route({ ...place, cursor: null }, 'Back to the newest', { 'data-key': 'newest' }) : null;
    const empty = el('div', null,
      el('p', null, place.state || q || place.connection ? 'No order matches.' : 'There is no order yet.'),
      q ? el('p', null, route({ order: q, connection: place.connection }, `Look for ${q} as an exact number or id`)) : null);
    return [
      el('h1', { tabindex: '-1' }, 'Orders'),
      el('div', { class: 'card' }, items.length > 0 ? orderTable(items) : empty,
        older || newest ? el('p', { class: 'buttons' }, newest, older) : null),
    ];
  },
};

// ---- One order ----

const conditions = (seen) => table('Conditions', [
  ['Condition', (one) => el('code', null, shown(one.clause ?? one.text))],
  ['Looked at', (one) => el('code', null, shown(one.text))],
  ['Value it met', (one) => [shown(one.value), one.note ? ` (${one.note})` : null]],
  ['Holds', (one) => (one.held ? 'yes' : 'no')],
], seen, 'even');

function mapping(tried) {
  return el('div', { class: tried.held ? 'mapping holds' : 'mapping' },
    el('p', null, el('strong', null, shown(tried.name)), tried.held ? ' holds' : ' does not hold'),
    array(tried.seen).length > 0 ? conditions(array(tried.seen)) : null);
}

function pass(told, index) {
  const why = told.explanation ?? {};
  const key = `pass/${told.at}/${told.events}`;
  const [first, last] = array(told.events);
  const part = (title, content) => [el('h3', null, title), content];
  return el('details', { class: 'pass', open: index === 0, 'data-key': key },
    el('summary', { 'data-key': `${key}/line` }, when(told.at), badge(told.verdict) ?? el('span', { class: 'badge' }, 'did not end'),
      el('span', null, words(told.reason)),
      el('span', { class: 'dim' }, first === last ? `event ${shown(first)}` : `events ${shown(first)} to ${shown(last)}`)),
    told.detail ? el('p', null, told.detail) : null,
    array(why.mappings).length > 0 ? part('Mappings, in their order', array(why.mappings).map(mapping)) : null,
    el('p', { class: 'dim' }, [
      why.mapping ? `Sent under the mapping ${why.mapping}.` : null,
      array(why.mappings).length === 0 ? 'No mapping had to be tried in this pass.' : null,
      told.revision === null ? null : `Revision ${shown(told.revision)} of the mappings.`,
    ].filter(Boolean).join(' ')),
    array(why.steps).length > 0 ? part('Steps', list('ol', why.steps)) : null,
    array(why.notes).length > 0 ? part('Notes', list('ul', why.notes)) : null,
    why.seen ? raw(`${key}/seen`, 'What was seen of both records', why.seen) : null);
}

const eventTable = (events) => table('Events', [
  ['No.', (event) => shown(event.seq)],
  ['Received', (event) => when(event.received_at)],
  ['From', (event) => words(event.source)],
  ['Type', (event) => shown(event.type)],
  ['Verdict', (event) => badge(event.verdict) ?? 'not yet'],
  ['Reason', (event) => words(event.reason)],
], events);

const callTable = (calls) => table('Calls', [
  ['Call', (call) => [words(call.kind), ` to ${words(call.system)}`]],
  ['State', (call) => badge(call.state)],
  ['Attempts', (call) => shown(call.attempts)],
  ['Answer', (call) => [call.http_status, call.answer].filter(Boolean).join(' ') || null],
  ['Record', (call) => shown(call.remote_id)],
  ['Key', (call) => el('span', { class: 'mono' }, shown(call.key))],
  ['Changed', (call) => when(call.updated_at)],
  ['Request', (call) => (call.request ? raw(`call/${call.id}`, 'Show', call.request) : null)],
], calls);

function buttons(id, names, connection) {
  return el('div', { class: 'buttons', role: 'group', 'aria-label': 'Actions' }, names.map((name) => el('button', {
    type: 'button', title: ACTIONS[name].about, 'data-key': `act/${name}`, click: () => act(name, id, connection?.()),
  }, ACTIONS[name].label)));
}

function several(place, items) {
  return [
    el('h1', { tabindex: '-1' }, `Several orders go by ${place.order}`),
    el('p', null, 'Choose the one you mean.'),
    el('div', { class: 'card' }, orderTable(items)),
  ];
}

/** An order that was never seen: it can be sent by the id of its sales order or sale. */
function neverSeen(place, why) {
  const select = connections.length > 1 && !place.connection
    ? el('select', { id: 'send-to', 'data-key': 'send-to' }, connections.map((id) => el('option', { value: id }, id))) : null;
  return [
    el('h1', { tabindex: '-1' }, `${place.order} is not known`),
    el('section', { class: 'card' }, el('p', null, why),
      el('p', null, `If ${place.order} is the internal id of a sales order, or the id of a sale, you can send it now.`),
      select ? el('p', { class: 'pair' }, el('label', { for: 'send-to' }, 'Connection'), select) : null,
      buttons(place.order, ['send'], () => place.connection ?? select?.value)),
  ];
}

const one = {
  title: (place) => place.order,
  async load({ order, connection }) {
    try {
      return await ask(address(['orders', order, 'explanation'], { connection }));
    } catch (error) {
      if (error.slug === 'order-never-seen') return { unknown: error.detail };
      throw error;
    }
  },
  draw(told, place) {
    if (told.unknown) return neverSeen(place, told.unknown);
    if (Array.isArray(told.items)) return several(place, told.items);
    const { order } = told;
    const { netsuite = {}, x_series: sale = {} } = order;
    document.title = `${orderName(order)} – Tillbridge`;
    return [
      el('section', { class: 'card' },
        el('div', { class: 'head' }, el('h1', { tabindex: '-1' }, orderName(order)), badge(order.state),
          order.verdict !== order.state ? badge(order.verdict) : null, el('span', { class: 'dim' }, order.reason ? words(order.reason) : '')),
        order.detail ? el('p', null, order.detail) : null,
        buttons(order.id, Object.keys(ACTIONS))),
      el('div', { class: 'grid' },
        card('Sales order in NetSuite', facts([
          ['Number', shown(netsuite.number)], ['Id', shown(netsuite.id)], ['Status', shown(netsuite.status)],
        ])),
        card('Sale in X-Series', facts([
          ['Number', shown(sale.number)], ['Id', shown(sale.id)], ['Status', shown(sale.status)],
          ['State', [shown(sale.state), array(sale.attributes).length > 0 ? ` (${sale.attributes.join(', ')})` : null]],
        ])),
        card('Here', facts([
          ['State', words(order.state)], ['Verdict', words(order.verdict)], ['Reason', el('code', null, shown(order.reason))],
          ['Connection', shown(order.connection)], ['Direction', shown(order.direction).split('_to_').map(words).join(' to ')],
          ['Revision', shown(order.revision)], ['Attempts', shown(order.attempt)],
          order.due_at ? ['Due', when(order.due_at)] : null,
          ['Changed', when(order.updated_at)], ['First seen', when(order.created_at)],
          ['Id', el('span', { class: 'mono' }, order.id)],
        ]))),
      card('Summary', list('ul', array(told.summary))),
      card('Passes', array(told.passes).length > 0 ? array(told.passes).map(pass) : el('p', { class: 'dim' }, 'No pass has ended yet.')),
      card('Events', array(told.events).length > 0 ? eventTable(told.events) : el('p', { class: 'dim' }, 'No event is kept.')),
      card('Calls', array(told.calls).length > 0 ? callTable(told.calls) : el('p', { class: 'dim' }, 'Nothing was sent.')),
    ];
  },
};

/** Acts on an order, and says what came of it. */
async function act(name, id, connection) {
  const { label, about, said, ask: first } = ACTIONS[name];
  if (first && !(await sure(`${label} this order?`, about, label))) return;
  const all = document.querySelectorAll('#view .buttons button');
  all.forEach((button) => { button.disabled = true; });
  try {
    const order = await ask(address(['orders', id, name], { connection }), 'POST');
    if (Array.isArray(order.items)) {
      say('Several orders go by this number; choose one first.', true);
    } else {
      say(`${label}: ${said} Its state is ${words(order.state)}.`);
    }
  } catch (error) {
    if (error.status === 401) return signIn(UNKNOWN);
    say(error.status === 403 ? `${label} was not done. ${error.message}` : `${label} did not work. ${error.message}`, true);
  } finally {
    all.forEach((button) => { button.disabled = false; });
    document.querySelector(`[data-key="act/${name}"]`)?.focus();
  }
  await refresh();
}

/** Asks for a yes in a dialog. Escape is a no. */
function sure(title, text, yes) {
  const dialog = $('confirm');
  $('confirm-title').textContent = title;
  $('confirm-text').textContent = text;
  $('confirm-yes').textContent = yes;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

// ---- Connections ----

const duration = (seconds) => {
  if (typeof seconds !== 'number') return 'not known';
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
};

function system(title, told) {
  const poll = told.poll ?? {};
  const budget = typeof told.limit === 'number' && typeof told.remaining === 'number';
  return card(title, facts([
    ['Account', shown(told.account)],
    ['Breaker', [badge(told.breaker), told.breaker === 'open' ? ' no request is sent' : null]],
    told.blocked_until ? ['Blocked until', when(told.blocked_until)] : null,
    ['Requests', `${shown(told.in_flight)} under way, ${shown(told.concurrency)} allowed at once`],
    ['Budget', budget
      ? [`${told.remaining} of ${told.limit} left`, el('meter', { min: 0, max: told.limit, low: told.limit / 10, value: told.remaining, 'aria-label': 'Budget left' })]
      : 'no window known'],
    ['Behind', duration(poll.lag_seconds)],
    ['Last good poll', poll.last_success_at ? when(poll.last_success_at) : 'none yet'],
    ['Last poll error', poll.last_error ? el('span', { class: 'bad-text' }, poll.last_error) : 'none'],
    ['Cursor', el('span', { class: 'mono' }, shown(poll.cursor))],
    told.token_expires_at ? ['Token ends', when(told.token_expires_at)] : null,
  ]));
}

const links = {
  title: () => 'Connections',
  load: () => ask(address(['connections'], {})),
  draw(page) {
    const items = array(page.items);
    return [
      el('h1', { tabindex: '-1' }, 'Connections'),
      ...(items.length === 0 ? [el('p', null, 'There is no connection in the configuration.')] : []),
      ...items.flatMap((connection) => [
        el('p', { class: 'head' }, el('strong', null, connection.id), el('span', { class: 'dim' },
          connection.revision === null ? 'no mappings are published' : `mappings at revision ${connection.revision}`)),
        el('div', { class: 'grid' }, system('NetSuite', connection.netsuite ?? {}), system('X-Series', connection.x_series ?? {})),
      ]),
    ];
  },
};

// ---- The page ----

let connections = [];
let turn = 0;
let timer = 0;
let drawn = '';

function place() {
  const { order, view, state, q, connection, cursor } = Object.fromEntries(new URLSearchParams(location.search));
  if (order) return { order: order.trim(), connection };
  if (view === 'connections') return { view };
  return { state: STATES.includes(state) ? state : undefined, q, connection, cursor };
}

const viewOf = (at) => (at.order ? one : at.view ? links : orders);

function say(text, bad = false) {
  const message = $('message');
  message.hidden = !text;
  message.className = bad ? 'notice bad' : 'notice';
  message.textContent = text;
}

function stale(text) {
  $('stale').hidden = !text;
  $('stale').textContent = text;
}

/** Replaces what is shown; what is open stays open, and the focus stays where it was. */
function replace(nodes) {
  const view = $('view');
  const open = new Map([...view.querySelectorAll('details[data-key]')].map((node) => [node.dataset.key, node.open]));
  const focused = view.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  view.replaceChildren(...nodes);
  for (const node of view.querySelectorAll('[data-key]')) {
    if (open.has(node.dataset.key)) node.open = open.get(node.dataset.key);
    if (focused !== undefined && node.dataset.key === focused) node.focus({ preventScroll: true });
  }
}

/** Loads the view of the address and draws it if it changed. An answer that comes after its turn is dropped. */
async function refresh() {
  clearTimeout(timer);
  turn += 1;
  const mine = turn;
  const at = place();
  try {
    const told = await viewOf(at).load(at);
    if (mine !== turn) return;
    stale('');
    const text = JSON.stringify([at, told]);
    if (text !== drawn) {
      replace(viewOf(at).draw(told, at));
      drawn = text;
    }
  } catch (error) {
    if (mine !== turn) return;
    if (error.status === 401) return signIn(UNKNOWN);
    if (!(error instanceof Refused)) console.error(error);
    const what = error instanceof Refused ? error.message : 'The page could not show the answer.';
    stale(drawn ? `${what} What you see may be old; it is tried again.` : `${what} It is tried again.`);
    if (!drawn) replace([]);
  }
  timer = setTimeout(() => { if (!document.hidden) refresh(); }, REFRESH_MS);
}

function drawFilters(at) {
  const listing = viewOf(at) === orders;
  $('filters').hidden = !listing;
  for (const node of document.querySelectorAll('nav a')) {
    const current = node.dataset.view === 'orders' ? viewOf(at) !== links : viewOf(at) === links;
    if (current) node.setAttribute('aria-current', 'page');
    else node.removeAttribute('aria-current');
  }
  if (!listing) return;
  const chip = (state, label) => route({ state, q: at.q, connection: at.connection }, label, { 'aria-current': at.state === state ? 'true' : null });
  $('states').replaceChildren(chip(undefined, 'All'), ...STATES.map((state) => chip(state, words(state))));
  if (document.activeElement !== $('q')) $('q').value = at.q ?? '';
  $('by-connection').hidden = connections.length < 2;
  $('connection').replaceChildren(el('option', { value: '' }, 'All'), ...connections.map((id) => el('option', { value: id }, id)));
  $('connection').value = at.connection ?? '';
}

/** Shows the view of the address. */
async function show({ focus = false } = {}) {
  const at = place();
  say('');
  stale('');
  drawn = '';
  document.title = `${viewOf(at).title(at)} – Tillbridge`;
  drawFilters(at);
  $('view').replaceChildren(el('p', { class: 'dim' }, 'Loading.'));
  await refresh();
  if (focus) {
    scrollTo(0, 0);
    document.querySelector('#view h1')?.focus({ preventScroll: true });
  }
}

/** Filters change the list in place: the search box keeps the focus. */
function filter() {
  const at = place();
  history.replaceState(null, '', `?${query({ state: at.state, q: $('q').value.trim(), connection: $('connection').value })}`);
  drawFilters(place());
  refresh();
}

function signIn(why = '') {
  turn += 1;
  clearTimeout(timer);
  sessionStorage.removeItem(TOKEN);
  for (const id of ['nav', 'sign-out', 'filters', 'foot']) $(id).hidden = true;
  say('');
  stale('');
  $('view').replaceChildren();
  if ($('confirm').open) $('confirm').close();
  document.title = 'Sign in – Tillbridge';
  $('sign-in').hidden = false;
  $('refused').textContent = why;
  $('token').value = '';
  $('token').focus();
}

/** Learns the connections, which also shows whether the token is known, and then shows the view. */
async function enter() {
  try {
    connections = array((await ask(address(['connections'], {}))).items).map((connection) => connection.id);
  } catch (error) {
    if (error.status === 401) return signIn(UNKNOWN);
    if ($('sign-in').hidden) {
      stale(`${error.message} It is tried again.`);
      timer = setTimeout(enter, REFRESH_MS);
      return;
    }
    return signIn(`${error.message} You are not signed in.`);
  }
  $('sign-in').hidden = true;
  $('token').value = '';
  for (const id of ['nav', 'sign-out', 'foot']) $(id).hidden = false;
  await show();
}

$('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  const token = $('token').value.trim();
  // Anything else cannot stand in a header.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    $('refused').textContent = 'This is no token: it holds a space or a letter that no token has.';
    return;
  }
  $('refused').textContent = '';
  sessionStorage.setItem(TOKEN, token);
  enter();
});

$('sign-out').addEventListener('click', () => signIn());
$('confirm-yes').addEventListener('click', () => $('confirm').close('yes'));
$('confirm-no').addEventListener('click', () => $('confirm').close('no'));

const entered = () => !$('nav').hidden;

let typing = 0;
$('search').addEventListener('submit', (event) => {
  event.preventDefault();
  clearTimeout(typing);
  filter();
});
$('q').addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(filter, TYPING_MS);
});
$('connection').addEventListener('change', filter);

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-route]');
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (!entered()) return;
  history.pushState(null, '', link.href);
  show({ focus: true });
});

addEventListener('popstate', () => { if (entered()) show(); });
document.addEventListener('visibilitychange', () => { if (!document.hidden && entered()) refresh(); });

$('foot').textContent = `Times are those of this computer (${Intl.DateTimeFormat().resolvedOptions().timeZone}); inside sentences they are UTC. `
  + `The page follows what happens, every ${REFRESH_MS / 1000} seconds.`;

if (sessionStorage.getItem(TOKEN)) enter();
else signIn();
