"""What the chapters import: train, evaluate and picture variational autoencoders on MNIST."""
