;; A network of one hidden layer of tanh and one linear output, or of that output alone, for four rows at a time. Numbers stand by
;; column, so that a column's next four rows are one load. No row's output hangs on the rows beside it.
;; Assembled into predict.wasm by scripts/assemble-kernel.ts.
(module
  (import "model" "memory" (memory 1))

  ;; $inputs, $count: where the numbers of the inputs' columns stand, i32 each, and how many.
  ;; $weights: of each of $units its bias, its weight for each input, and the output's weight for it, f32 each; then the output's
  ;;   bias, and where there are no units its weight for each input.
  ;; $tanh: least and greatest argument, then the numbers of network.ts' fraction.
  ;; $table: the columns, $stride bytes each. $output: the output's place. $bytes: rows x 4, a multiple of 16.
  (func (export "predict")
    (param $inputs i32) (param $count i32) (param $weights i32) (param $units i32)
    (param $tanh i32) (param $table i32) (param $stride i32) (param $output i32) (param $bytes i32)
    (local $row i32) (local $unit i32) (local $weight i32) (local $input i32) (local $end i32)
    (local $total v128) (local $sum v128) (local $square v128) (local $p v128) (local $q v128)
    (local.set $end (i32.add (local.get $inputs) (i32.shl (local.get $count) (i32.const 2))))
    (loop $rows
      (local.set $total (v128.const f32x4 0 0 0 0))
      (local.set $weight (local.get $weights))
      (local.set $unit (local.get $units))
      (block $hidden
        (br_if $hidden (i32.eqz (local.get $unit)))
        (loop $next
          (local.set $sum (v128.load32_splat (local.get $weight)))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (local.set $input (local.get $inputs))
          (loop $dot
            (local.set $sum (f32x4.add (local.get $sum) (f32x4.mul
              (v128.load32_splat (local.get $weight))
              (v128.load (i32.add
                (i32.add (local.get $table) (local.get $row))
                (i32.mul (i32.load (local.get $input)) (local.get $stride)))))))
            (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
            (local.set $input (i32.add (local.get $input) (i32.const 4)))
            (br_if $dot (i32.lt_u (local.get $input) (local.get $end))))
          ;; tanh, as network.ts has it.
          (local.set $sum (f32x4.max (v128.load32_splat (local.get $tanh))
            (f32x4.min (v128.load32_splat offset=4 (local.get $tanh)) (local.get $sum))))
          (local.set $square (f32x4.mul (local.get $sum) (local.get $sum)))
          (local.set $p (f32x4.add (v128.load32_splat offset=12 (local.get $tanh))
            (f32x4.mul (local.get $square) (v128.load32_splat offset=8 (local.get $tanh)))))
          (local.set $p (f32x4.add (v128.load32_splat offset=16 (local.get $tanh))
            (f32x4.mul (local.get $square) (local.get $p))))
          (local.set $p (f32x4.add (v128.load32_splat offset=20 (local.get $tanh))
            (f32x4.mul (local.get $square) (local.get $p))))
          (local.set $p (f32x4.add (v128.load32_splat offset=24 (local.get $tanh))
            (f32x4.mul (local.get $square) (local.get $p))))
          (local.set $p (f32x4.add (v128.load32_splat offset=28 (local.get $tanh))
            (f32x4.mul (local.get $square) (local.get $p))))
          (local.set $p (f32x4.add (v128.load32_splat offset=32 (local.get $tanh))
            (f32x4.mul (local.get $square) (local.get $p))))
          (local.set $q (f32x4.add (v128.load32_splat offset=40 (local.get $tanh))
            (f32x4.mul (local.get $square) (v128.load32_splat offset=36 (local.get $tanh)))))
          (local.set $q (f32x4.add (v128.load32_splat offset=44 (local.get $tanh))
            (f32x4.mul (local.get $square) (local.get $q))))
          (local.set $q (f32x4.add (v128.load32_splat offset=48 (local.get $tanh))
            (f32x4.mul (local.get $square) (local.get $q))))
          (local.set $total (f32x4.add (local.get $total) (f32x4.mul
            (v128.load32_splat (local.get $weight))
            (f32x4.div (f32x4.mul (local.get $sum) (local.get $p)) (local.get $q)))))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (local.set $unit (i32.sub (local.get $unit) (i32.const 1)))
          (br_if $next (local.get $unit))))
      (local.set $total (f32x4.add (local.get $total) (v128.load32_splat (local.get $weight))))
      (if (i32.eqz (local.get $units)) (then
        (local.set $input (local.get $inputs))
        (loop $linear
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (local.set $total (f32x4.add (local.get $total) (f32x4.mul
            (v128.load32_splat (local.get $weight))
            (v128.load (i32.add
              (i32.add (local.get $table) (local.get $row))
              (i32.mul (i32.load (local.get $input)) (local.get $stride)))))))
          (local.set $input (i32.add (local.get $input) (i32.const 4)))
          (br_if $linear (i32.lt_u (local.get $input) (local.get $end))))))
      (v128.store (i32.add (local.get $output) (local.get $row)) (local.get $total))
      (local.set $row (i32.add (local.get $row) (i32.const 16)))
      (br_if $rows (i32.lt_u (local.get $row) (local.get $bytes))))))
