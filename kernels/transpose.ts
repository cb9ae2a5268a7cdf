// B (n×m) = Aᵀ of A (m×n), row-major float32, in 4×4 register tiles.

function tile(a: usize, lda: usize, b: usize, ldb: usize): void {
  const r0 = v128.load(a), r1 = v128.load(a + lda);
  const r2 = v128.load(a + 2 * lda), r3 = v128.load(a + 3 * lda);
  const p0 = i32x4.shuffle(r0, r1, 0, 4, 1, 5), p1 = i32x4.shuffle(r2, r3, 0, 4, 1, 5);
  const p2 = i32x4.shuffle(r0, r1, 2, 6, 3, 7), p3 = i32x4.shuffle(r2, r3, 2, 6, 3, 7);
  v128.store(b, i64x2.shuffle(p0, p1, 0, 2));
  v128.store(b + ldb, i64x2.shuffle(p0, p1, 1, 3));
  v128.store(b + 2 * ldb, i64x2.shuffle(p2, p3, 0, 2));
  v128.store(b + 3 * ldb, i64x2.shuffle(p2, p3, 1, 3));
}

/** Leading dimensions in elements. Only the n×m result is written, never its padding. */
export function transpose(m: i32, n: i32, a: usize, lda: i32, b: usize, ldb: i32): void {
  const strideA = <usize>lda << 2, strideB = <usize>ldb << 2;
  const rows: usize = m, cols: usize = n, mainRows = rows & ~3, mainCols = cols & ~3;
  for (let i: usize = 0; i < mainRows; i += 4) {
    for (let j: usize = 0; j < mainCols; j += 4) {
      tile(a + i * strideA + (j << 2), strideA, b + j * strideB + (i << 2), strideB);
    }
  }
  for (let i: usize = 0; i < rows; i++) {
    for (let j: usize = i < mainRows ? mainCols : 0; j < cols; j++) {
      store<f32>(b + j * strideB + (i << 2), load<f32>(a + i * strideA + (j << 2)));
    }
  }
}
