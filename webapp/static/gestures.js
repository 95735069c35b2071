// Drag, wheel and pinch; tells what is under the pointer and what was clicked.
export function follow(cloud, { hover, click }) {
  const canvas = cloud.canvas;
  const down = new Map();
  let moved = 0;
  let under = -1;
  const point = (i) => { if (i !== under) hover((under = i)); };
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, at(event));
    if (down.size === 1) moved = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const here = at(event);
    const before = down.get(event.pointerId);
    if (!before) return point(cloud.pick(...here));
    moved += Math.abs(here[0] - before[0]) + Math.abs(here[1] - before[1]);
    if (down.size === 1) cloud.pan(here[0] - before[0], here[1] - before[1]);
    else {
      const other = [...down].find(([id]) => id !== event.pointerId)[1];
      const span = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
      cloud.zoomAt((here[0] + other[0]) / 2, (here[1] + other[1]) / 2, span(here) / Math.max(1, span(before)));
    }
    down.set(event.pointerId, here);
  });
  const up = (event) => {
    const single = down.size === 1;
    if (down.delete(event.pointerId) && event.type === "pointerup" && single && moved < 6) click(cloud.pick(...at(event), 18));
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", () => { if (!down.size) point(-1); });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    cloud.zoomAt(...at(event), Math.exp(-event.deltaY * 0.0015));
  }, { passive: false });
}
