// Draws up to some hundred thousand points in WebGL, moves and zooms them, and finds the one under
// a pointer. A plain canvas takes over where there is no WebGL.
import { Grid } from "./grid.js";

const VERTEX = `
attribute vec2 place; attribute vec4 colour; attribute vec4 look;
uniform vec2 centre; uniform vec2 scale; uniform mediump float size;
varying vec4 tint; varying float shape; varying float hollow;
void main() {
  gl_Position = vec4((place - centre) * scale, 0.0, 1.0);
  if (look.z < 0.5) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = size; tint = colour; shape = floor(look.x * 255.0 + 0.5); hollow = look.y;
}`;

const FRAGMENT = `
precision mediump float;
varying vec4 tint; varying float shape; varying float hollow;
uniform mediump float size; uniform vec3 ink; uniform float rim;
void main() {
  vec2 p = gl_PointCoord * 2.0 - 1.0;
  float d = length(p);
  if (shape > 2.5) d = (abs(p.x) + abs(p.y)) * 0.95;
  else if (shape > 1.5) d = max(abs(p.x) * 0.9 + p.y * -0.5 + 0.35, p.y + 0.25);
  else if (shape > 0.5) d = max(abs(p.x), abs(p.y)) * 1.15;
  float soft = 2.0 / size;
  float alpha = 1.0 - smoothstep(1.0 - soft, 1.0, d);
  if (hollow > 0.5) alpha *= smoothstep(0.5 - soft, 0.5, d);
  if (alpha < 0.02) discard;
  // pale colours would be lost on a white page: a dark rim, light on a dark one
  float edge = rim * 0.6 * smoothstep(1.0 - 2.0 * soft, 1.0 - soft, d);
  gl_FragColor = vec4(mix(tint.rgb, ink, edge), tint.a * alpha);
}`;

const MOST_ZOOM = 400;
// While the map moves, frames slower than this make it draw every second point, every fourth, ...
const SLOW_MS = 40;
const MOST_STEP = 16;
const SETTLED_MS = 150;
const RIM_FROM = 6; // pixels; smaller points would be all rim

export class PointCloud {
  constructor(canvas) {
    this.canvas = canvas;
    this.n = 0;
    this.centre = [0, 0];
    this.zoom = 1;
    this.onview = () => {};
    this.frames = 0;
    this.step = 1; // of every how many points one is drawn while the map moves
    this.movedAt = -Infinity;
    this.drawnAt = -Infinity;
    this.gl = canvas.getContext("webgl", { antialias: false, alpha: true, premultipliedAlpha: false });
    if (this.gl) this.prepare();
    else this.flat = canvas.getContext("2d");
    this.resize();
    new ResizeObserver(() => this.resize()).observe(canvas);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const scheme = () => { this.ink = dark.matches ? [0.91, 0.92, 0.93] : [0.1, 0.12, 0.14]; this.draw(); };
    dark.addEventListener("change", scheme);
    scheme();
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => { this.prepare(); this.upload(["place", "colour", "look"]); this.draw(); });
  }

  prepare() {
    const gl = this.gl;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(`the map cannot be drawn: ${gl.getProgramInfoLog(program)}`);
    gl.useProgram(program);
    gl.enable(gl.BLEND);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.uniform = Object.fromEntries(["centre", "scale", "size", "ink", "rim"].map((name) => [name, gl.getUniformLocation(program, name)]));
    this.buffers = {};
    this.attributes = [["place", 2, gl.FLOAT, 8], ["colour", 4, gl.UNSIGNED_BYTE, 4], ["look", 4, gl.UNSIGNED_BYTE, 4]]
      .map(([name, count, type, bytes]) => ({ name, count, type, bytes, at: gl.getAttribLocation(program, name) }));
    for (const { name, at } of this.attributes) {
      this.buffers[name] = gl.createBuffer();
      gl.enableVertexAttribArray(at);
    }
    this.stride = 0;
  }

  // Let the attributes pass over all but every k-th point: fewer are drawn, nothing is copied.
  pace(k) {
    if (k === this.stride) return;
    const gl = this.gl;
    this.stride = k;
    for (const { name, count, type, bytes, at } of this.attributes) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
      gl.vertexAttribPointer(at, count, type, type !== gl.FLOAT, k * bytes, 0);
    }
  }

  // x, y: arrays in [-1, 1]; hollow: indices of the points that are only approximate
  setPoints(x, y, hollow) {
    this.n = x.length;
    this.places = new Float32Array(2 * this.n);
    this.colours = new Uint8Array(4 * this.n).fill(255);
    this.looks = new Uint8Array(4 * this.n);
    for (let i = 0; i < this.n; i++) {
      this.places[2 * i] = x[i];
      this.places[2 * i + 1] = y[i];
      this.looks[4 * i + 2] = 255;
    }
    for (const i of hollow) this.looks[4 * i + 1] = 255;
    this.step = 1;
    this.grid = new Grid(this.places);
    this.reset();
    this.upload(["place"]);
  }

  // style(i) returns {colour: [r, g, b], shape} or null for a hidden point
  setStyle(style) {
    const alpha = this.n > 20000 ? 190 : 230;
    for (let i = 0; i < this.n; i++) {
      const one = style(i);
      this.looks[4 * i + 2] = one ? 255 : 0;
      if (!one) continue;
      this.colours.set(one.colour, 4 * i);
      this.colours[4 * i + 3] = alpha;
      this.looks[4 * i] = one.shape;
    }
    this.upload(["colour", "look"]);
    this.draw();
  }

  upload(names) {
    if (!this.gl || !this.n) return;
    const gl = this.gl;
    const data = { place: this.places, colour: this.colours, look: this.looks };
    for (const name of names) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
      gl.bufferData(gl.ARRAY_BUFFER, data[name], gl.DYNAMIC_DRAW);
    }
  }

  visible(i) {
    return this.looks[4 * i + 2] > 0;
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.draw();
  }

  // pixels for one unit of the map
  get unit() {
    return (Math.min(this.width, this.height) / 2.15) * this.zoom;
  }

  // One frame for however many changes came before it; none where nothing changes.
  draw() {
    if (this.pending || !this.n) return;
    this.pending = true;
    requestAnimationFrame((now) => this.frame(now));
  }

  // The same for a change that others will follow at once: a finger, a wheel, a held key.
  move() {
    this.movedAt = performance.now();
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.draw(), SETTLED_MS);
    this.draw();
  }

  frame(now) {
    this.pending = false;
    this.frames++;
    const moving = now - this.movedAt < SETTLED_MS - 10;
    const took = now - this.drawnAt;
    if (moving && this.wasMoving && took > SLOW_MS && took < 10 * SLOW_MS) this.step = Math.min(MOST_STEP, 2 * this.step);
    this.wasMoving = moving;
    this.drawnAt = now;
    if (this.gl) this.drawPoints(moving ? this.step : 1);
    else this.drawFlat(moving ? this.step : 1);
    this.onview();
  }

  size() {
    const base = this.n > 50000 ? 3 : this.n > 5000 ? 5 : this.n > 500 ? 8 : 12;
    return Math.min(18, base * Math.max(1, Math.sqrt(this.zoom) * 0.8)) * (window.devicePixelRatio || 1);
  }

  drawPoints(step = 1) {
    const gl = this.gl;
    this.pace(step);
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(this.uniform.centre, this.centre[0], this.centre[1]);
    gl.uniform2f(this.uniform.scale, (2 * this.unit) / this.width, (2 * this.unit) / this.height);
    gl.uniform1f(this.uniform.size, this.size());
    gl.uniform3fv(this.uniform.ink, this.ink);
    gl.uniform1f(this.uniform.rim, this.size() >= RIM_FROM * (window.devicePixelRatio || 1) ? 1 : 0);
    gl.drawArrays(gl.POINTS, 0, Math.ceil(this.n / step));
  }

  drawFlat(step = 1) {
    const ratio = window.devicePixelRatio || 1;
    const half = this.size() / 2;
    this.flat.clearRect(0, 0, this.canvas.width, this.canvas.height);
    for (let i = 0; i < this.n; i += step) {
      if (!this.visible(i)) continue;
      const [x, y] = this.pixel(i);
      const [r, g, b, a] = this.colours.subarray(4 * i, 4 * i + 4);
      this.flat.fillStyle = `rgba(${r},${g},${b},${a / 255})`;
      this.flat.fillRect(x * ratio - half, y * ratio - half, 2 * half, 2 * half);
    }
  }

  pixel(i) {
    return this.pixelOf(this.places[2 * i], this.places[2 * i + 1]);
  }

  pixelOf(x, y) {
    return [this.width / 2 + (x - this.centre[0]) * this.unit, this.height / 2 - (y - this.centre[1]) * this.unit];
  }

  pointAt(px, py) {
    return [this.centre[0] + (px - this.width / 2) / this.unit, this.centre[1] - (py - this.height / 2) / this.unit];
  }

  // the visible point nearest to a pixel, within a radius; -1 for none
  pick(px, py, radius = 14) {
    const [x, y] = this.pointAt(px, py);
    return this.grid.nearest(x, y, radius / this.unit, (i) => this.visible(i));
  }

  // the visible point that a reader means by going from one point in a direction; -1 for none
  next(from, dx, dy) {
    const x = from < 0 ? this.centre[0] : this.places[2 * from];
    const y = from < 0 ? this.centre[1] : this.places[2 * from + 1];
    let best = -1;
    let least = Infinity;
    for (let i = 0; i < this.n; i++) {
      if (i === from || !this.visible(i)) continue;
      const ax = this.places[2 * i] - x;
      const ay = this.places[2 * i + 1] - y;
      const along = ax * dx + ay * dy;
      const across = Math.abs(ax * dy - ay * dx);
      if (from >= 0 && along <= across * 0.5) continue;
      const cost = from < 0 ? ax * ax + ay * ay : along + 2 * across;
      if (cost < least) [best, least] = [i, cost];
    }
    return best;
  }

  reset() {
    this.centre = [0, 0];
    this.zoom = 1;
    this.draw();
  }

  pan(dx, dy) {
    this.centre = [this.centre[0] - dx / this.unit, this.centre[1] + dy / this.unit];
    this.move();
  }

  zoomAt(px, py, factor) {
    const [x, y] = this.pointAt(px, py);
    this.zoom = Math.min(MOST_ZOOM, Math.max(0.5, this.zoom * factor));
    const [nx, ny] = this.pointAt(px, py);
    this.centre = [this.centre[0] + x - nx, this.centre[1] + y - ny];
    this.move();
  }

  reveal(i) {
    const [x, y] = this.pixel(i);
    if (x > 20 && y > 20 && x < this.width - 20 && y < this.height - 20) return;
    this.centre = [this.places[2 * i], this.places[2 * i + 1]];
    this.draw();
  }
}
