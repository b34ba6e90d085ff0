module goleash.test/metamorph

go 1.22
