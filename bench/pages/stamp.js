// Draws a number as bench/frame_number.py reads it, onto a canvas 1280 pixels wide, `below` pixels further down.
const stamp = (pen, number, below = 0) => {
  const BITS = 10, BLOCK = 16, TOP = 24, LEFT = (1280 - BITS * BLOCK) / 2;
  for (let column = 0; column < BITS; column++) {
    const high = (number >> (BITS - 1 - column)) & 1;
    for (const row of [0, 1]) {
      pen.fillStyle = high === row ? "#101010" : "#f0f0f0";
      pen.fillRect(LEFT + column * BLOCK, TOP + below + row * BLOCK, BLOCK, BLOCK);
    }
  }
};
// The wall clock at a time of the page, in milliseconds modulo 1024.
const wall = (time) => Math.round(performance.timeOrigin + time) % 1024;
