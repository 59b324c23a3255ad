//! Work for a processor alone: integers, floating point, memory and branches, a second or so in all. Prints what came
//! of it, so that none of it can be left out.

fn main() {
    println!("{:016x} {:.6} {} {}", mix(60_000_000), matrices(320), sieve(30_000_000), words(6_000_000));
}

/** Shifts, rotations and multiplications that each need the one before. */
fn mix(rounds: u64) -> u64 {
    (0..rounds).fold(0x9e37_79b9_7f4a_7c15, |state: u64, round| {
        let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (state ^ (state >> 27)).rotate_left(13).wrapping_add(round)
    })
}

/** The last cell of a product of matrices, 5 times. */
fn matrices(size: usize) -> f64 {
    let mut left: Vec<f64> = (0..size * size).map(|cell| 1.0 / (cell + 1) as f64).collect();
    let right: Vec<f64> = (0..size * size).map(|cell| (cell % 7) as f64).collect();
    for _ in 0..5 {
        let mut product = vec![0.0; size * size];
        for row in 0..size {
            for inner in 0..size {
                let factor = left[row * size + inner];
                for column in 0..size {
                    product[row * size + column] += factor * right[inner * size + column];
                }
            }
        }
        let largest = product.iter().fold(0.0, |most: f64, &cell| most.max(cell));
        left = product.iter().map(|cell| cell / largest).collect();
    }
    left[size * size - 1]
}

fn sieve(limit: usize) -> usize {
    let mut composite = vec![false; limit + 1];
    let mut count = 0;
    for number in 2..=limit {
        if composite[number] {
            continue;
        }
        count += 1;
        for multiple in (number * number..=limit).step_by(number) {
            composite[multiple] = true;
        }
    }
    count
}

/** A small machine that branches on what it reads. */
fn words(steps: usize) -> usize {
    let text: Vec<u8> = (0..steps).map(|at| b"the quick brown fox  jumps\tover 12 lazy dogs.\n"[at * 7 % 46]).collect();
    let (mut words, mut numbers, mut inside) = (0, 0usize, false);
    for &byte in &text {
        match byte {
            b' ' | b'\t' | b'\n' | b'.' => inside = false,
            b'0'..=b'9' => numbers = numbers.wrapping_mul(10).wrapping_add(usize::from(byte - b'0')),
            _ if !inside => {
                inside = true;
                words += 1;
            }
            _ => {}
        }
    }
    words ^ (numbers & 0xff)
}
