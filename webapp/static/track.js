// Hear the window that is pressed, and show the window that is heard.
const player = document.getElementById("player");
const pieces = [...document.querySelectorAll(".strip button")];

if (player) {
  for (const piece of pieces) {
    piece.addEventListener("click", () => {
      player.currentTime = Number(piece.dataset.start);
      player.play().catch(() => {});
    });
  }
  player.addEventListener("timeupdate", () => {
    const now = pieces.findLastIndex((piece) => Number(piece.dataset.start) <= player.currentTime);
    pieces.forEach((piece, i) => piece.classList.toggle("playing", i === now));
  });
  player.addEventListener("error", () => {
    document.getElementById("cannot-play").hidden = false;
  });
}
