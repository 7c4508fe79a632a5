//! zhilian: a smart e-vehicle fleet on one machine. Simulate it, load it, catch the thief, save the battery.
