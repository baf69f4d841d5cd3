// An update of Apache DataSketches' KLL sketch of doubles, for comparison with KllSketch.cs: the values of SketchesBench (exp of uniforms below 3), as many.
//   git clone https://github.com/apache/datasketches-cpp && g++ -O3 -march=native -I datasketches-cpp/kll/include -I datasketches-cpp/common/include -o kll-bench bench/Statistics/kll.cpp && ./kll-bench
// Prints "k ns", one line a size; processor time, the best of nine rounds.
#include <cmath>
#include <cstdio>
#include <ctime>
#include <random>
#include <vector>

#include "kll_sketch.hpp"

int main() {
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> uniform(0, 3);
    std::vector<double> values(1 << 16);
    for (auto& value : values) value = std::exp(uniform(random));
    for (int k : {200, 1024, 2048}) {
        datasketches::kll_sketch<double> sketch(k);
        double best = 1e300;
        for (int round = 0; round < 9; round++) {
            auto start = std::clock();
            for (int pass = 0; pass < 16; pass++)
                for (double value : values) sketch.update(value);
            best = std::fmin(best, double(std::clock() - start) / CLOCKS_PER_SEC * 1e9 / (16 * values.size()));
        }
        std::printf("k = %d %.2f ns\n", k, best);
    }
}
