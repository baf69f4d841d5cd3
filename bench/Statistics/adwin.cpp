// ADWIN2 as in the river library 0.19, for comparison with Adwin.cs: same buckets, same cuts, same stream (SplitMix64), so the changes must be equal.
//   g++ -O3 -march=native -o adwin bench/Statistics/adwin.cpp && ./adwin
// Prints "name clock updates changes ns", one line a case; processor time, the best of five runs.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <deque>
#include <vector>

struct Row {
    std::vector<double> sum, m2;
    int count = 0;
    explicit Row(int most) : sum(most + 1), m2(most + 1) {}
    void add(double s, double v) {
        sum[count] = s;
        m2[count++] = v;
    }
    void drop(int n) {
        for (int i = n; i < count; i++) {
            sum[i - n] = sum[i];
            m2[i - n] = m2[i];
        }
        count -= n;
    }
};

class Adwin {
public:
    Adwin(double delta, int clock, int most, int least, int grace, bool hoist) : delta(delta), clock(clock), most(most), least(least), grace(grace), hoist(hoist) {}

    bool update(double x) {
        insert(x);
        if (++tick % clock != 0 || width <= grace) return false;
        bool changed = false;
        while (cut()) {
            drop_oldest();
            changed = true;
        }
        return changed;
    }

private:
    double delta;
    int clock, most, least, grace;
    bool hoist;
    std::deque<Row> rows;
    long width = 0, tick = 0;
    double total = 0, m2 = 0;

    void insert(double x) {
        if (rows.empty()) rows.emplace_back(most);
        if (width > 0) {
            double gap = x - total / width;
            m2 += width * gap * gap / (width + 1);
        }
        width++;
        total += x;
        rows[0].add(x, 0);
        for (size_t i = 0; i < rows.size() && rows[i].count == most + 1; i++) {
            if (i + 1 == rows.size()) rows.emplace_back(most);
            Row &row = rows[i];
            double n = std::pow(2, i), gap = row.sum[0] / n - row.sum[1] / n;
            rows[i + 1].add(row.sum[0] + row.sum[1], row.m2[0] + row.m2[1] + n * gap * gap / 2);
            row.drop(2);
        }
    }

    void drop_oldest() {
        Row &row = rows.back();
        double n = std::pow(2, rows.size() - 1);
        width -= static_cast<long>(n);
        total -= row.sum[0];
        double gap = row.sum[0] / n - total / width;
        m2 -= row.m2[0] + n * width * gap * gap / (n + width);
        if (m2 < 0) m2 = 0;
        row.drop(1);
        while (!rows.empty() && rows.back().count == 0) rows.pop_back();
    }

    bool cut() const {
        double n0 = 0, n1 = width, u0 = 0, u1 = total;
        double log_once = std::log(2 * std::log(static_cast<double>(width)) / delta);
        for (int i = static_cast<int>(rows.size()) - 1; i >= 0; i--) {
            double n = std::pow(2, i);
            const Row &row = rows[i];
            for (int k = 0; k < row.count - 1; k++) {
                n0 += n;
                n1 -= n;
                u0 += row.sum[k];
                u1 -= row.sum[k];
                if (n1 < least) return false;
                if (n0 < least) continue;
                // river computes the logarithm at each cut; "hoisted" is what a careful author would do.
                double log = hoist ? log_once : std::log(2 * std::log(static_cast<double>(width)) / delta);
                double inverse = 1 / (n0 - least + 1) + 1 / (n1 - least + 1);
                double bound = std::sqrt(2 * inverse * (m2 / width) * log) + 2.0 / 3 * inverse * log;
                if (std::fabs(u0 / n0 - u1 / n1) > bound) return true;
            }
        }
        return false;
    }
};

static double uniform(uint64_t &state) {
    uint64_t x = state += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1.0p-53;
}

int main() {
    const int n = 2000000;
    std::vector<double> stable(n), jumps(n), scores(n);
    uint64_t state = 1;
    for (int i = 0; i < n; i++) {
        double u = uniform(state);
        stable[i] = u < 0.2 ? 1 : 0;
        jumps[i] = u < (i / 50000 % 2 ? 0.4 : 0.2) ? 1 : 0;
        scores[i] = u;
    }
    const char *names[] = {"stable", "jumps", "scores"};
    const std::vector<double> *streams[] = {&stable, &jumps, &scores};
    for (int hoist = 0; hoist < 2; hoist++) {
        for (int s = 0; s < 3; s++) {
            for (int clock : {32, 1}) {
                const int updates = clock == 1 ? n / 10 : n;
                double best = 1e300;
                long changes = 0;
                for (int run = 0; run < 5; run++) {
                    Adwin adwin(0.002, clock, 5, 5, 10, hoist);
                    changes = 0;
                    std::clock_t start = std::clock();
                    for (int i = 0; i < updates; i++) changes += adwin.update((*streams[s])[i]);
                    double ns = 1e9 / CLOCKS_PER_SEC * (std::clock() - start) / updates;
                    if (ns < best) best = ns;
                }
                std::printf("%s%s %d %d %ld %.1f\n", names[s], hoist ? ",hoisted" : "", clock, updates, changes, best);
            }
        }
    }
}
