# A classroom machine without a network: the built book, its notebooks and JupyterLab in one image.
#
#   docker build --tag vae-book .
#   docker run --rm --publish 127.0.0.1:8888:8888 vae-book
#
# The book is at http://localhost:8888/static/index.html; the address of JupyterLab, with its token, is printed. Building
# downloads MNIST and trains the models, some minutes on two cores; running asks the network for nothing.
FROM python:3.11-slim-bookworm

RUN useradd --create-home reader && install --directory --owner=reader /home/reader/vae
USER reader
WORKDIR /home/reader/vae
# The CPU build of torch is a tenth of the size of the usual one.
ENV PATH=/home/reader/.local/bin:$PATH \
    PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu \
    VAE_LIB_CACHE=/home/reader/cache \
    VAE_LIB_DATASET=mnist

# First what changes seldom: neither a chapter's words nor an exercise's installs or trains anything again.
COPY --chown=reader requirements.txt constraints.txt ./
RUN grep --invert-match "^-e" requirements.txt > /tmp/libraries.txt \
 && pip install --no-cache-dir --requirement /tmp/libraries.txt jupyterlab==4.6.6
COPY --chown=reader vae_lib vae_lib
RUN python -m vae_lib train --all
COPY --chown=reader pyproject.toml README.md ./
COPY --chown=reader vae_course vae_course
RUN pip install --no-cache-dir --no-deps --editable .
COPY --chown=reader book book
RUN jupyter-book build book

EXPOSE 8888
CMD ["jupyter", "lab", "--no-browser", "--ip=0.0.0.0", "--port=8888", \
     "--ServerApp.root_dir=book/_build/notebooks", "--ServerApp.extra_static_paths=book/_build/html"]
