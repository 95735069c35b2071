// Finds the point nearest to a place without looking at all of them.
const CELLS = 128;
const LOW = -1.05;
const SPAN = 2.1;

const row = (value) => Math.min(CELLS - 1, Math.max(0, Math.floor(((value - LOW) / SPAN) * CELLS)));

export class Grid {
  // places: x and y of each point in turn, in [-1, 1]
  constructor(places) {
    this.places = places;
    const n = places.length / 2;
    const counts = new Uint32Array(CELLS * CELLS + 1);
    const cell = new Uint32Array(n);
    for (let i = 0; i < n; i++) {
      cell[i] = row(places[2 * i + 1]) * CELLS + row(places[2 * i]);
      counts[cell[i] + 1]++;
    }
    for (let c = 0; c < CELLS * CELLS; c++) counts[c + 1] += counts[c];
    this.starts = counts.slice();
    this.order = new Uint32Array(n);
    for (let i = 0; i < n; i++) this.order[counts[cell[i]]++] = i;
  }

  // the nearest point within reach of which `fits` is true; -1 for none
  nearest(x, y, reach, fits) {
    let best = -1;
    let least = reach * reach;
    for (let r = row(y - reach); r <= row(y + reach); r++) {
      for (let c = row(x - reach); c <= row(x + reach); c++) {
        for (let k = this.starts[r * CELLS + c]; k < this.starts[r * CELLS + c + 1]; k++) {
          const i = this.order[k];
          const d = (this.places[2 * i] - x) ** 2 + (this.places[2 * i + 1] - y) ** 2;
          if (d < least && fits(i)) [best, least] = [i, d];
        }
      }
    }
    return best;
  }
}
