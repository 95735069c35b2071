// Okabe and Ito's colours, which colour-blind readers tell apart; past eight the shape changes too.
export const SERIES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#b8a800", "#8a8a8a"];
export const SHAPES = 4;
export const OTHERS = "#9aa3ad";
// viridis at five places: even steps to every eye, light and dark
const RAMP = ["#3b0f70", "#3e4c8a", "#25858e", "#2fb47c", "#fde725"].map(rgb);

export function rgb(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

// Looks are made once and shared: a style is asked for every point, and there may be many.
const SHADES = 256;
const RAMPED = Array.from({ length: SHADES }, (_, shade) => {
  const at = (shade / (SHADES - 1)) * (RAMP.length - 1);
  const i = Math.min(Math.floor(at), RAMP.length - 2);
  return { colour: RAMP[i].map((low, k) => Math.round(low + (RAMP[i + 1][k] - low) * (at - i))), shape: 0 };
});
const NAMED = Array.from({ length: SERIES.length * SHAPES }, (_, i) => {
  const css = SERIES[i % SERIES.length];
  return { colour: rgb(css), shape: Math.floor(i / SERIES.length), css };
});
export const GREY = { colour: rgb(OTHERS), shape: 0, css: OTHERS };

export const ramp = (share) => RAMPED[Math.round(Math.min(Math.max(share, 0), 1) * (SHADES - 1))];
export const series = (i) => NAMED[i] ?? GREY;
