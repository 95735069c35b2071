// Okabe and Ito's colours, which colour-blind readers tell apart; past eight the shape changes too.
export const SERIES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#b8a800", "#8a8a8a"];
export const SHAPES = 4;
export const OTHERS = "#9aa3ad";
// viridis at five places: even steps to every eye, light and dark
const RAMP = ["#3b0f70", "#3e4c8a", "#25858e", "#2fb47c", "#fde725"].map(rgb);

export function rgb(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

export function ramp(share) {
  const at = Math.min(Math.max(share, 0), 1) * (RAMP.length - 1);
  const i = Math.min(Math.floor(at), RAMP.length - 2);
  return RAMP[i].map((low, k) => Math.round(low + (RAMP[i + 1][k] - low) * (at - i)));
}

export function series(i) {
  if (i < 0 || i >= SERIES.length * SHAPES) return { colour: rgb(OTHERS), shape: 0, css: OTHERS };
  const css = SERIES[i % SERIES.length];
  return { colour: rgb(css), shape: Math.floor(i / SERIES.length), css };
}
