module simul.example/bench

go 1.19
